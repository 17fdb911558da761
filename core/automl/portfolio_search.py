"""The portfolio raced within a time: compared on folds, the best of it chosen, and that alone fitted on all rows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.stats import skew

from core.automl.ensemble_selection import final_weights
from core.automl.forecast import Forecast, makespan
from core.automl.portfolio import labels, line_up
from core.automl.scheduler import Clock, Entry, enter, run_race
from core.automl.screening import rows_to_compare, take_pace, with_finer_folds, with_rows
from core.automl.selection import cost_of_entries
from core.automl.serving_cost import CLEARLY_WITHIN, Bounds
from core.errors import RegattaError, TrainingFailedError
from core.progress import ReportProgress, StoppedError, progress_within
from core.regressors.fold_cache import FoldCache
from core.regressors.importance import count_predictions
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split

# A member of a blend may take this part of a model's bytes, because several have to fit into one graph, and so many for
# each second of the race, because they have to be compiled, proven and stored.
MEMBER_SHARE, MEMBER_BYTES_A_SECOND = 2, 1 << 20
# The share of the time after which nothing goes on; what is left is for what was not foreseen.
MARGIN = 0.03
# Storing takes this long for any model, and so much for each megabyte of its graph: compiled, loaded, proven, pickled.
STORING_SECONDS, STORING_A_MEGABYTE = 0.35, 0.06
# To explain it many rows are predicted; seconds for each by one member, as several hundred trees take on two cores.
EXPLAINING_A_ROW = 4e-6
# Rows enough to see which entries a blend would be made of.
DRAFT_ROWS = 2_000
# The share of the time that is kept for repeating the folds of a very small table.
REPEATING_SHARE = 0.4
# Beside the members of a blend, so many of the best have their folds repeated.
MOST_CONTENDERS = 5
# The share of the time that is kept for fitting the winner, where that takes so long.
FITTING_SHARE = 0.3
# A race that is told to end takes so many seconds more to fit and store the best that it has.
WINDING_UP_SECONDS = 4.0
ENDED = "the race was ended before it had run"


@dataclass
class PortfolioRace:
    """A race under way: `data` is the whole split, `fold_cache` what the entries are compared on."""

    data: Split
    limits: TrainingLimits
    bounds: Bounds
    deadline: float
    seconds: float
    forecast: Forecast
    pace: float
    fold_cache: FoldCache
    division: int
    entries: list[Entry]
    # Why it was ended before its time, if it was, and why no blend can win it, if none can.
    cut: StoppedError | None = None
    blend_failure: RegattaError | None = None

    @property
    def rows(self) -> int:
        """Rows of a training in a fold."""
        return self.fold_cache.train_rows(0)

    @property
    def finalists(self) -> list[Entry]:
        """Those among which the winner is chosen: with the most folds behind them."""
        most = max((len(entry.predicted) for entry in self.usable), default=0)
        return [entry for entry in self.usable if len(entry.predicted) == most]

    @property
    def usable(self) -> list[Entry]:
        """The entries that came through a whole division into folds."""
        return [e for e in self.entries if e.failure is None and all(i in e.predicted for i in range(self.division))]

    def cut_short(self, stop: StoppedError) -> None:
        """Let it end within seconds with what it has.

        Raises `stop` where that is nothing, or where another worker begins anew, or if it happens a second time.
        """
        usable = self.usable
        if self.cut is not None or not stop.is_final or not usable:
            raise stop
        self.cut = stop
        self.deadline = min(self.deadline, time.monotonic() + WINDING_UP_SECONDS)
        for entry in self.entries:
            if entry.failure is None and entry not in usable:
                entry.failure = TrainingFailedError(ENDED)
        self._forget_half_divisions()

    def _forget_half_divisions(self) -> None:
        """A repetition of the folds counts only if all came through it that were to, so that all are compared on it."""
        for start in range(self.division, len(self.fold_cache.data.folds), self.division):
            parts = range(start, start + self.division)
            begun = [entry for entry in self.usable if any(part in entry.predicted for part in parts)]
            if not all(part in entry.predicted for entry in begun for part in parts):
                for entry in begun:
                    entry.predicted = {part: of for part, of in entry.predicted.items() if part not in parts}

    def growth(self, rows: int | None = None) -> float:
        """How many times the rows of a fold `rows` are, or those of the whole training part."""
        return (rows or len(self.data.train_y)) / self.rows


def race_portfolio(
    data: Split, limits: TrainingLimits, bounds: Bounds, begun: float, seconds: float, report_progress: ReportProgress
) -> PortfolioRace:
    """Compare the portfolio on folds until `seconds` after `begun` leave just enough to fit and store the best of it.

    There is always one that came through, unless all fail. Where `report_progress` stops it, the race is `cut` and has
    what came through by then; raises `StoppedError` as `PortfolioRace.cut_short` does.
    """
    deadline = begun + (1 - MARGIN) * seconds
    forecast, pace = take_pace(data)
    core_seconds = limits.threads * (deadline - time.monotonic())
    rows = rows_to_compare(len(data.train_y), forecast.columns, core_seconds, pace)
    screened, division = with_finer_folds(with_rows(data, rows))
    fold_cache = FoldCache(screened)
    wanted = line_up(len(data.train_y), float(skew(data.train_y)))
    most = min((bounds.max_bytes or limits.model_bytes) // MEMBER_SHARE, int(MEMBER_BYTES_A_SECOND * seconds) + 1)
    members = replace(limits, model_bytes=most)
    named = zip(wanted, labels([candidate for candidate, _ in wanted]), strict=True)
    entries = [enter(fold_cache, candidate, members, label, gain) for (candidate, gain), label in named]
    race = PortfolioRace(data, members, bounds, deadline, seconds, forecast, pace, fold_cache, division, entries)
    # The repetitions are to come as well.
    first = deadline - REPEATING_SHARE * seconds if len(screened.folds) > division else deadline
    clock = Clock(first, race.forecast, lambda entry, begun: _seconds_after(race, entry, begun))
    try:
        run_race(
            fold_cache,
            entries,
            range(division),
            members,
            progress_within(report_progress, 0, 0.8),
            clock,
            measured=True,
        )
        _repeat(race, report_progress)
    except StoppedError as stop:
        race.cut_short(stop)
    return race


def _seconds_after(race: PortfolioRace, entry: Entry, begun: bool) -> float:
    """What fitting and storing takes at the end if `entry` is part of the blend as well; once begun, if it is alone."""
    if begun:
        return fitting_seconds(race, [entry], race.rows) + storing_seconds(race, [entry])
    last = [*(member for member in _members(race, race.usable) if member is not entry), entry]
    # What was compared on few of many rows is worth fitting on more of them, but not at any price.
    fitting = max(fitting_seconds(race, last, race.rows), FITTING_SHARE * race.seconds)
    return min(fitting, fitting_seconds(race, last, len(race.data.train_y))) + storing_seconds(race, last)


def _members(race: PortfolioRace, entries: Sequence[Entry]) -> list[Entry]:
    """Those of the entries that a blend of them would be made of, roughly."""
    if not entries:
        return []
    weights = final_weights(race.fold_cache, entries, DRAFT_ROWS)
    return [entry for entry, weight in zip(entries, weights, strict=True) if weight > 0]


def fitting_seconds(race: PortfolioRace, entries: Sequence[Entry], rows: int) -> float:
    """Seconds to prepare `rows` rows and to fit the entries on them side by side."""
    preparing = race.fold_cache.preparing_seconds * rows / race.rows if entries else 0.0
    return preparing + makespan([race.forecast.seconds(e.candidate, rows) for e in entries], race.limits.threads)


def storing_seconds(race: PortfolioRace, members: Sequence[Entry]) -> float:
    """What compiling, proving, explaining and storing a model of these members should take."""
    cost = cost_of_entries(members, race.growth())
    # What may be over a bound after all is compiled more than once.
    compiled = 1 if race.bounds.excess(cost) <= CLEARLY_WITHIN else 2
    explaining = EXPLAINING_A_ROW * len(members) * count_predictions(len(race.data.test_y), len(race.data.columns))
    return race.pace * (STORING_SECONDS + compiled * STORING_A_MEGABYTE * cost.size_bytes / 1e6 + explaining)


def _repeat(race: PortfolioRace, report_progress: ReportProgress) -> None:
    """Fit the contenders on the repetitions of the folds as well, each repetition if there is time for all of them."""
    folds, once, threads = len(race.fold_cache.data.folds), race.division, race.limits.threads
    contenders = _contenders(race)
    while len(contenders) > 1 and not _in_time(race, contenders, folds - once, threads):
        contenders.pop()
    for start in range(once, folds if contenders else once, once):
        if not _in_time(race, contenders, once, threads):
            return
        share = progress_within(
            report_progress, 0.8 + 0.2 * (start - once) / (folds - once), 0.8 + 0.2 * start / (folds - once)
        )
        run_race(race.fold_cache, contenders, range(start, start + once), race.limits, share, among=race.entries)


def _in_time(race: PortfolioRace, contenders: Sequence[Entry], folds: int, threads: int) -> bool:
    ahead = makespan([race.forecast.seconds(entry.candidate, race.rows) for entry in contenders] * folds, threads)
    after = fitting_seconds(race, contenders, len(race.data.train_y)) + storing_seconds(race, contenders)
    return time.monotonic() + ahead + after <= race.deadline


def _contenders(race: PortfolioRace) -> list[Entry]:
    """The members of a blend and others of the best within the bounds, the best first."""
    growth = race.growth()
    within = [e for e in race.usable if race.bounds.excess(cost_of_entries([e], growth)) <= 1] or race.usable
    ranked = sorted(within, key=lambda entry: -entry.mean(race.fold_cache))
    members = _members(race, within)
    return [entry for place, entry in enumerate(ranked) if place < MOST_CONTENDERS or entry in members]
