"""What the retraining of a file should take, forecast from the size of its object, and where it is carried out.

Light: nothing of the file is read. What its rows and columns take is known from the files before it.
"""

from pathlib import PurePosixPath

from core.jobs.commands import RetrainCommand
from core.jobs.effort import BYTES_PER_SECOND, GIB, goes_to_batch
from core.machine_memory import PROCESS_BYTES
from core.storage.series_repository import Series, TrainingForecast
from core.storage.workspace import Workspace

# Memory in bytes for each byte of text of a first file: as a linear model takes with the table of docs/scale.md.
TIMES_AS_TEXT = 12.0
# The files that are texts. All others are packed, each byte of them for about so many of text.
TEXTS = frozenset({".csv", ".json", ".jsonl", ".ndjson"})
PACKED = 5.0


def place_retraining(workspace: Workspace, command: RetrainCommand) -> tuple[RetrainCommand, int]:
    """Return the command, and the memory of its container in AWS Batch; 0 where a worker of the queue carries it out.

    A command that goes to Batch says why, for the report of the decision.
    """
    if workspace.batch is None:
        return command, 0
    series = workspace.series.read(command.series) or Series(name=command.series)
    memory, seconds = forecast(series, command)
    training = series.settings.training
    if not goes_to_batch(training, memory, seconds):
        return command, 0
    why = "the settings of the series say training=batch"
    if training == "auto":
        why = (
            f"by the size of the file it was expected to take {memory / GIB:,.1f} GiB of memory and {seconds:,.0f} s "
            "of one processor"
        )
    return command.model_copy(update={"why_batch": why}), memory


def forecast(series: Series, command: RetrainCommand) -> tuple[int, float]:
    """Return the peak memory in bytes of a retraining, and its seconds on one processor, reading included.

    A challenger is trained on the files of the window as well. A first file has the race, for which a time is set.
    """
    text_bytes = command.size_bytes * (1.0 if _ending(command.key) in TEXTS else PACKED)
    own = _by_earlier(series, command) or TrainingForecast(
        memory_bytes=int(TIMES_AS_TEXT * text_bytes), seconds=series.settings.time_limit
    )
    window = [one for one in series.window(command.last_modified) if one.file_id != command.file_id]
    files = [own, *(one.forecast for one in window if one.forecast is not None)]
    reading = text_bytes / BYTES_PER_SECOND
    return PROCESS_BYTES + sum(one.memory_bytes for one in files), reading + sum(one.seconds for one in files)


def _by_earlier(series: Series, command: RetrainCommand) -> TrainingForecast | None:
    """Return what training on a file takes, in proportion to the newest one with the same ending; None without one."""
    for one in reversed(series.arrivals):
        if one.forecast is not None and one.size_bytes and _ending(one.key) == _ending(command.key):
            times = command.size_bytes / one.size_bytes
            return TrainingForecast(
                memory_bytes=int(times * one.forecast.memory_bytes), seconds=times * one.forecast.seconds
            )
    return None


def _ending(key: str) -> str:
    return PurePosixPath(key).suffix.lower()
