"""The log that every function writes, and the metrics of its process."""

import logging
import os

from core import __version__
from core.settings import settings
from core.telemetry import metrics
from core.telemetry.log import set_up_log
from core.telemetry.tracing import TracingError, set_up_tracing

log = logging.getLogger("regatta")


def set_up_telemetry() -> None:
    """Let the process write its log and keep its metrics, as the settings say. Entry points call this at the start."""
    chosen = settings()
    set_up_log(chosen.log_level, chosen.log_file)
    try:
        set_up_tracing("regatta", __version__)
    except TracingError as error:
        log.warning("%s", error)
    if metrics.recorder() is None and chosen.metrics:
        metrics.record_with(_recorder())


def _recorder() -> metrics.Recorder | None:
    """Return what keeps the metrics of this process: a file that its neighbours read, or the log of a function."""
    folder = settings().metrics_dir
    if folder is not None:
        from core.telemetry.shared_metrics import SharedMetrics

        return SharedMetrics(folder)
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        from core.telemetry.embedded_metrics import EmbeddedMetrics, stack_name

        return EmbeddedMetrics(stack_name())
    return None
