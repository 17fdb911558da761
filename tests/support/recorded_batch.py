"""An AWS Batch that carries out nothing, for tests of what is submitted to it."""

from dataclasses import dataclass, field

GIB = 1 << 30


@dataclass
class RecordedBatch:
    """Stands for AWS Batch: records what is submitted and ended."""

    seconds: int = 21_600
    most_bytes: int = 120 * GIB
    submitted: list[tuple[str, int]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def submit(self, workspace: str, job_id: str, memory_bytes: int) -> None:
        """Record the job and the memory that its container is to have."""
        self.submitted.append((job_id, memory_bytes))

    def stop(self, workspace: str, job_id: str) -> None:
        """Record the job."""
        self.stopped.append(job_id)
