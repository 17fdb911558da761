"""The portfolio raced within a time: compared on folds, the best of it chosen, and that alone fitted on all rows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import skew

from core.learning.blending import blend, final_weights
from core.learning.budget import Limits
from core.learning.choosing import Choice, choose, cost_of_entries
from core.learning.forecast import Forecast, makespan
from core.learning.portfolio import labels, line_up
from core.learning.race import Clock, Entry, enter, run_race
from core.learning.screening import rows_to_compare, take_pace, with_finer_folds, with_rows
from core.learning.serving import Bounds, cost_of
from core.learning.splitting import Floats, Split
from core.learning.workbench import Workbench
from core.progress import Tell, part_of_all

# A member of a blend may take this part of a model's bytes, because several have to fit into one graph, and so many for
# each second of the race, because they have to be compiled, proven and stored.
MEMBER_SHARE, MEMBER_BYTES_A_SECOND = 2, 1 << 20
# The share of the time after which nothing goes on; what is left is for what was not foreseen.
MARGIN = 0.03
# Storing takes this long for any model, and so much for each megabyte of its graph: compiled, loaded, proven, pickled.
STORING_SECONDS, STORING_A_MEGABYTE = 0.35, 0.06
# Rows enough to see which entries a blend would be made of.
DRAFT_ROWS = 2_000
# The share of the time that is kept for repeating the folds of a very small table.
REPEATING_SHARE = 0.4
# Beside the members of a blend, so many of the best have their folds repeated.
MOST_CONTENDERS = 5
# The share of the time that is kept for fitting the winner, where that takes so long.
FITTING_SHARE = 0.3
# Rows are given up in such steps, and none for less than these seconds.
FEWER, LEAST_FITTING = 0.9, 0.2
# A cost that was measured on a fold is trusted up to this share of a bound, and bounds are tightened by that factor.
CLEARLY_WITHIN, TIGHTER = 0.6, 0.8


@dataclass
class PortfolioRace:
    """A race under way: `data` is the whole split, `bench` what the entries are compared on."""

    data: Split
    limits: Limits
    bounds: Bounds
    deadline: float
    seconds: float
    forecast: Forecast
    pace: float
    bench: Workbench
    division: int
    entries: list[Entry]

    @property
    def rows(self) -> int:
        """Rows of a training in a fold."""
        return self.bench.rows(0)

    @property
    def finalists(self) -> list[Entry]:
        """Those among which the winner is chosen: with the most folds behind them."""
        most = max((len(entry.predicted) for entry in self.usable), default=0)
        return [entry for entry in self.usable if len(entry.predicted) == most]

    @property
    def usable(self) -> list[Entry]:
        """The entries that came through a whole division into folds."""
        return [e for e in self.entries if e.failure is None and all(i in e.predicted for i in range(self.division))]

    def growth(self, rows: int | None = None) -> float:
        """How many times the rows of a fold `rows` are, or those of the whole training part."""
        return (rows or len(self.data.train_y)) / self.rows


def race_portfolio(
    data: Split, limits: Limits, bounds: Bounds, begun: float, seconds: float, tell: Tell
) -> PortfolioRace:
    """Compare the portfolio on folds until `seconds` after `begun` leave just enough to fit and store the best of it.

    There is always one that came through, unless all fail. Raises `StoppedError` from `tell`.
    """
    deadline = begun + (1 - MARGIN) * seconds
    forecast, pace = take_pace(data)
    core_seconds = limits.threads * (deadline - time.monotonic())
    rows = rows_to_compare(len(data.train_y), forecast.columns, core_seconds, pace)
    screened, division = with_finer_folds(with_rows(data, rows))
    bench = Workbench(screened)
    wanted = line_up(len(data.train_y), float(skew(data.train_y)))
    most = min((bounds.max_bytes or limits.model_bytes) // MEMBER_SHARE, int(MEMBER_BYTES_A_SECOND * seconds) + 1)
    members = replace(limits, model_bytes=most)
    named = zip(wanted, labels([candidate for candidate, _ in wanted]), strict=True)
    entries = [enter(bench, candidate, members, label, gain) for (candidate, gain), label in named]
    race = PortfolioRace(data, members, bounds, deadline, seconds, forecast, pace, bench, division, entries)
    # The repetitions are to come as well.
    first = deadline - REPEATING_SHARE * seconds if len(screened.folds) > division else deadline
    clock = Clock(first, race.forecast, lambda entry, begun: _seconds_after(race, entry, begun))
    run_race(bench, entries, range(division), members, part_of_all(tell, 0, 0.8), clock, measured=True)
    _repeat(race, tell)
    return race


def _seconds_after(race: PortfolioRace, entry: Entry, begun: bool) -> float:
    """What fitting and storing takes at the end if `entry` is part of the blend as well; once begun, if it is alone."""
    if begun:
        return _fitting(race, [entry], race.rows) + storing_seconds(race, [entry])
    last = [*(member for member in _members(race, race.usable) if member is not entry), entry]
    # What was compared on few of many rows is worth fitting on more of them, but not at any price.
    fitting = max(_fitting(race, last, race.rows), FITTING_SHARE * race.seconds)
    return min(fitting, _fitting(race, last, len(race.data.train_y))) + storing_seconds(race, last)


def _members(race: PortfolioRace, entries: Sequence[Entry]) -> list[Entry]:
    """Those of the entries that a blend of them would be made of, roughly."""
    if not entries:
        return []
    weights = final_weights(race.bench, entries, DRAFT_ROWS)
    return [entry for entry, weight in zip(entries, weights, strict=True) if weight > 0]


def _fitting(race: PortfolioRace, entries: Sequence[Entry], rows: int) -> float:
    """Seconds to prepare `rows` rows and to fit the entries on them side by side."""
    preparing = race.bench.seconds * rows / race.rows
    return preparing + makespan([race.forecast.seconds(e.candidate, rows) for e in entries], race.limits.threads)


def storing_seconds(race: PortfolioRace, members: Sequence[Entry]) -> float:
    """What compiling, proving, explaining and storing a model of these members should take."""
    # A graph grows with the rows, but not beyond its budget.
    sizes = [min(e.cost.size_bytes * race.growth(), race.limits.model_bytes) for e in members if e.cost]
    return race.pace * (STORING_SECONDS + STORING_A_MEGABYTE * sum(sizes) / 1e6)


def _repeat(race: PortfolioRace, tell: Tell) -> None:
    """Fit the contenders on the repetitions of the folds as well, each repetition if there is time for all of them."""
    folds, once, threads = len(race.bench.data.folds), race.division, race.limits.threads
    contenders = _contenders(race)
    while len(contenders) > 1 and not _in_time(race, contenders, folds - once, threads):
        contenders.pop()
    for start in range(once, folds if contenders else once, once):
        if not _in_time(race, contenders, once, threads):
            return
        share = part_of_all(tell, 0.8 + 0.2 * (start - once) / (folds - once), 0.8 + 0.2 * start / (folds - once))
        run_race(race.bench, contenders, range(start, start + once), race.limits, share)


def _in_time(race: PortfolioRace, contenders: Sequence[Entry], folds: int, threads: int) -> bool:
    ahead = makespan([race.forecast.seconds(entry.candidate, race.rows) for entry in contenders] * folds, threads)
    after = _fitting(race, contenders, len(race.data.train_y)) + storing_seconds(race, contenders)
    return time.monotonic() + ahead + after <= race.deadline


def _contenders(race: PortfolioRace) -> list[Entry]:
    """The members of a blend and others of the best within the bounds, the best first."""
    growth = race.growth()
    within = [e for e in race.usable if race.bounds.excess(cost_of_entries([e], growth)) <= 1] or race.usable
    ranked = sorted(within, key=lambda entry: -entry.mean(race.bench))
    members = _members(race, within)
    return [entry for place, entry in enumerate(ranked) if place < MOST_CONTENDERS or entry in members]


@dataclass(frozen=True)
class Finish:
    """The winner, fitted: `bench` holds the rows it learned from, `fitted` its members in the order of the choice."""

    choice: Choice
    passed_over: Choice | None
    bench: Workbench
    fitted: list[Entry]

    @property
    def pipeline(self) -> Any:
        """The fitted estimator, raw columns in."""
        if len(self.fitted) == 1:
            return self.fitted[0].fitted
        return blend([(e.label, e.fitted) for e in self.fitted], [weight for _, weight in self.choice.members])

    @property
    def holdout(self) -> Floats:
        """What it predicts of the holdout, float64 (n,)."""
        predicted = np.column_stack([entry.predicted[self.bench.whole_part] for entry in self.fitted])
        return np.asarray(predicted @ np.array([weight for _, weight in self.choice.members]), np.float64)


def finish(race: PortfolioRace, tell: Tell) -> Finish:
    """Choose the winner and fit it on all rows, or on as many as there is time for.

    Members that cannot be fitted after all are left to the others. Raises `InvalidInputError` where nothing is within
    the bounds, and the failure of the last one where all fail.
    """
    pool, bounds = race.finalists, race.bounds
    while True:
        choice, passed_over = choose(race.bench, pool, bounds, race.growth())
        rows = _affordable_rows(race, choice.entries)
        if rows < race.rows and len(choice.members) > 1:
            pool = [entry for entry in pool if entry is not choice.lightest]
            continue
        bench = Workbench(with_rows(race.data, max(rows, race.rows)))
        fitted = [enter(bench, entry.candidate, race.limits, entry.label) for entry in choice.entries]
        run_race(bench, fitted, [bench.whole_part], race.limits, tell)
        done = Finish(choice, passed_over, bench, fitted)
        failed = [entry for entry, last in zip(choice.entries, fitted, strict=True) if last.failure]
        if failed:
            pool = [entry for entry in pool if entry not in failed]
            if not pool:
                raise next(last.failure for last in fitted if last.failure)
        elif _within(race, done):
            return done
        else:
            bounds = bounds.tightened(TIGHTER)


def _affordable_rows(race: PortfolioRace, entries: Sequence[Entry]) -> int:
    """The most rows that can be learned from in time; fewer than a fold has where even that takes too long."""
    left = max(race.deadline - time.monotonic() - storing_seconds(race, entries), LEAST_FITTING)
    rows = len(race.data.train_y)
    while rows >= race.rows and _fitting(race, entries, rows) > left:
        rows = int(FEWER * rows)
    return rows


def _within(race: PortfolioRace, done: Finish) -> bool:
    """Whether the fitted winner is within the bounds; it is compiled to see where that is not clear."""
    growth = len(done.bench.data.train_y) / race.rows
    if race.bounds.excess(cost_of_entries(done.choice.entries, growth)) < CLEARLY_WITHIN:
        return True
    data = done.bench.data
    return race.bounds.excess(cost_of(done.pipeline, data.columns, data.test_x)) <= 1
