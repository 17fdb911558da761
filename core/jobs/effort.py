"""What a command should take, forecast when it is submitted, and where a training is carried out by that."""

import os
from typing import NamedTuple

from core.errors import InvalidInputError
from core.jobs.commands import MOST_SECONDS
from core.machine_memory import training_bytes
from core.model_manifest import TrainingPlace
from core.settings import settings
from core.storage.batch_jobs import BatchJobs

# A forecast of seconds is within a factor of about three.
DOUBT = 3
# How much of a file one slow core reads, types and profiles in a second. A function has little disk besides.
BYTES_PER_SECOND = 5_000_000
GIB = 1 << 30
# AWS Batch sets it in its containers, to the id that it has given to the submission.
BATCH_VARIABLE = "AWS_BATCH_JOB_ID"


class Effort(NamedTuple):
    """The seconds of a command, and the memory of the container of AWS Batch that it needs.

    `batch_bytes` is 0 for what a worker of the queue carries out.
    """

    seconds: float
    batch_bytes: int = 0


def check_batch(batch: BatchJobs | None, training: TrainingPlace) -> None:
    """Raise `InvalidInputError` where a training is to go to an AWS Batch that is not set up."""
    if training == "batch" and batch is None:
        raise InvalidInputError(
            "This service has no AWS Batch: REGATTA_BATCH_QUEUE and REGATTA_BATCH_JOB_DEFINITION are not set. Leave "
            "`training` out, or set them.",
            [{"field": "training", "message": "batch is not set up"}],
        )


def goes_to_batch(training: TrainingPlace, memory_bytes: float, seconds: float) -> bool:
    """Return whether a training goes to AWS Batch: as `training` says, with `auto` what is too much for a function."""
    if training != "auto":
        return training == "batch"
    most_bytes = settings().batch_above_bytes or training_bytes()
    return memory_bytes > most_bytes or DOUBT * seconds > MOST_SECONDS


def is_in_batch() -> bool:
    """Return whether this process is that of a container of AWS Batch."""
    return BATCH_VARIABLE in os.environ
