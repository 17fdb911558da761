"""GET /metrics of a server: what all its processes have counted, for Prometheus."""

import time
from collections.abc import Callable
from threading import Lock

from fastapi import APIRouter, Request
from fastapi.responses import Response

from core.access.workspace_names import DEFAULT_WORKSPACE
from core.deadlines import deadline
from core.errors import ForbiddenError, NoSuchRouteError, RegattaError
from core.services.series.freshness import freshness
from core.storage.container import container
from core.telemetry import metrics
from core.telemetry.exposition import MEDIA_TYPE, exposition
from core.telemetry.shared_metrics import Key, SharedMetrics, Totals
from functions.access import GuardedRoute, caller_of

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

# How long what storage and the queue say is repeated: several scrapers ask no more often than one.
QUEUE_SECONDS = 5.0
SERIES_SECONDS = 60.0
# How long a scrape waits for them. Then the gauges are left out, and the counters are there all the same.
WAIT_SECONDS = 2.0


@router.get("/metrics")
def read_metrics(request: Request) -> Response:
    """Return every metric of all processes of this server."""
    _refuse_pages(request)
    if caller_of(request).workspace != DEFAULT_WORKSPACE:
        raise ForbiddenError(f"Metrics count what all workspaces do: take a key of the workspace {DEFAULT_WORKSPACE}.")
    recorder = metrics.recorder()
    if not isinstance(recorder, SharedMetrics):
        raise NoSuchRouteError("Metrics are switched off here (REGATTA_METRICS).")
    totals = recorder.totals() | _queue.read() | _series.read()
    return Response(exposition(totals), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def _refuse_pages(request: Request) -> None:
    """Raise `NoSuchRouteError` for a page of any origin: metrics are for whoever runs the service."""
    site = request.headers.get("sec-fetch-site", "none")
    if "origin" in request.headers or site not in ("none", "same-origin"):
        raise NoSuchRouteError("Metrics are for programs of the operator, not for pages.")


class Gauges:
    """Values that are read when somebody asks, and repeated for some seconds."""

    def __init__(self, read: Callable[[], Totals], seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._values: Totals = {}
        self._read_at: float | None = None

    def read(self) -> Totals:
        """Return the values; nothing where what they are read from does not answer in time."""
        with self._lock:
            if self._read_at is None or self._clock() - self._read_at >= self._seconds:
                self._read_at = self._clock()
                try:
                    with deadline(WAIT_SECONDS):
                        self._values = self._read()
                except RegattaError:
                    self._values = {}
            return self._values


def _read_queue() -> Totals:
    state = container().queue.state()
    names = {"depth": "waiting", "in_flight": "in_flight", "dead_letters": "dead_letters"}
    found: dict[Key, float] = {("queue_jobs", names[name]): float(state[name]) for name in names if name in state}
    if isinstance(oldest := state.get("oldest_seconds"), int | float):
        found["queue_oldest_seconds",] = float(oldest)
    return found


def _read_series() -> Totals:
    found = freshness(container().workspace(DEFAULT_WORKSPACE))
    gauges: Totals = {("series_held",): float(found.held)}
    if found.oldest_champion_seconds is not None:
        gauges["champion_age_seconds",] = found.oldest_champion_seconds
    return gauges


_queue = Gauges(_read_queue, QUEUE_SECONDS)
_series = Gauges(_read_series, SERIES_SECONDS)
