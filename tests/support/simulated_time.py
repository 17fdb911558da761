"""Fits on a clock that only they move, so that what a time limit allows is the same on every machine."""

import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from core.automl import portfolio_search, race, refit, refit_stage, scheduler
from core.automl.fold_fit import fit_fold
from core.automl.forecast import Forecast
from core.automl.trial import FoldResult, Trial
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits

# The seconds to compile a simulated fit, and to predict a row with it, whatever this machine takes for them.
COMPILING, PREDICTING_A_ROW = 0.02, 1e-5


class SimulatedTime:
    """A stand-in for `time` that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def elapse(self, seconds: float) -> None:
        self.now += seconds


class ShiftedTime:
    """A stand-in for `time` that is ahead by as much as a test says."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def elapse(self, seconds: float) -> None:
        self.ahead += seconds


class SimulatedFits:
    """A stand-in for `FitThreads`: fits side by side on a simulated clock, each for the seconds of its result."""

    def __init__(self, clock: SimulatedTime) -> None:
        self._clock = clock
        self._ends: dict[Hashable, tuple[float, FoldResult | BaseException]] = {}

    @property
    def running(self) -> list[Any]:
        return list(self._ends)

    def start(self, key: Hashable, fit: Callable[[], FoldResult]) -> None:
        try:
            result: FoldResult | BaseException = fit()
        except Exception as error:
            result = error
        seconds = 0.0 if isinstance(result, BaseException) else result.seconds
        self._ends[key] = self._clock.now + seconds, result

    def wait(self, seconds: float | None) -> list[tuple[Any, FoldResult | BaseException]]:
        key, (end, result) = min(self._ends.items(), key=lambda item: item[1][0])
        if seconds is not None and end > self._clock.now + seconds:
            self._clock.elapse(seconds)
            return []
        self._clock.now = max(self._clock.now, end)
        del self._ends[key]
        return [(key, result)]

    def close(self) -> None:
        self._ends.clear()


def simulate_time(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> SimulatedTime:
    """Let these modules, the race and the scheduler of fits read a simulated clock; return it."""
    clock = SimulatedTime()
    for module in (scheduler, race, *modules):
        monkeypatch.setattr(module, "time", clock)
    for module in (scheduler, race):
        monkeypatch.setattr(module, "FitThreads", lambda: SimulatedFits(clock))
    return clock


def simulate_fits(monkeypatch: pytest.MonkeyPatch, slowness: Callable[[Trial], float] = lambda trial: 1.0) -> None:
    """Let a fit take `slowness` of its trial times 0.01 and its expected seconds."""

    def fit(
        fold_cache: FoldCache,
        trial: Trial,
        fold_number: int,
        limits: TrainingLimits,
        forecast: Forecast,
        **options: Any,
    ) -> FoldResult:
        result = fit_fold(fold_cache, trial, fold_number, limits, Forecast(1), **options)
        rows, columns = fold_cache.train_rows(fold_number), len(fold_cache.data.columns)
        seconds = slowness(trial) * (0.01 + trial.candidate.expected_seconds(rows, columns))
        forecast.learn(trial.candidate, rows, seconds)
        cost = result.cost and replace(result.cost, seconds=COMPILING, row_seconds=PREDICTING_A_ROW)
        return replace(result, seconds=seconds, cost=cost, row_seconds=min(result.row_seconds, PREDICTING_A_ROW))

    for module in (scheduler, race):
        monkeypatch.setattr(module, "fit_fold", fit)


def simulate_races(monkeypatch: pytest.MonkeyPatch, *callers: ModuleType) -> SimulatedTime:
    """Let races run on a simulated clock, at the pace of the reference machine; the `callers` say when one began.

    They end when their configurations have run, without variations of the best.
    """
    monkeypatch.setattr(race, "MOST_VARIATIONS", 0)
    clock = simulate_time(monkeypatch, portfolio_search, refit, refit_stage, *callers)
    simulate_fits(monkeypatch)
    monkeypatch.setattr(portfolio_search, "measure_pace", lambda data, _: (Forecast(len(data.columns)), 1.0))
    return clock
