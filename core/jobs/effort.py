"""What a command should take, forecast when it is submitted."""

from typing import NamedTuple


class Effort(NamedTuple):
    """The seconds of a command, and the memory of the container of AWS Batch that it needs.

    `batch_bytes` is 0 for what a worker of the queue carries out.
    """

    seconds: float
    batch_bytes: int = 0
