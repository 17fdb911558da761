"""How the series of a workspace stand: which wait for a person, and how old their champions are."""

import time
from dataclasses import dataclass
from datetime import datetime

from core.storage.series_repository import Series
from core.storage.workspace import Workspace

# How many series are in memory at a time.
PAGE = 100


@dataclass(frozen=True)
class Freshness:
    """How many series have a held file, and the seconds since the champion was renewed that is the oldest; or None."""

    held: int = 0
    oldest_champion_seconds: float | None = None

    def beside(self, other: "Freshness") -> "Freshness":
        """Return both together."""
        ages = [one.oldest_champion_seconds for one in (self, other) if one.oldest_champion_seconds is not None]
        return Freshness(self.held + other.held, max(ages, default=None))


def freshness(workspace: Workspace, now: float | None = None) -> Freshness:
    """Return how the series stand at `now`, in seconds since 1970; raises `UnavailableError`."""
    moment, found, after = time.time() if now is None else now, Freshness(), None
    while True:
        page, after = workspace.series.listed(PAGE, after)
        renewals = [renewed for series in page if (renewed := _renewed_at(series)) is not None]
        oldest = max((moment - renewed for renewed in renewals), default=None)
        found = found.beside(Freshness(sum(series.held is not None for series in page), oldest))
        if after is None:
            return found


def _renewed_at(series: Series) -> float | None:
    """Return when a file of the series last changed its champion, or when its first known file was decided."""
    renewals = [one.decided_at for one in series.arrivals if one.promoted]
    known = max(renewals, default=min((one.decided_at for one in series.arrivals), default=None))
    return None if known is None else datetime.fromisoformat(known).timestamp()
