"""Fits on a clock that only they move, so that what a time limit allows is the same on every machine."""

import time
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from core.automl import portfolio_search, refit, scheduler
from core.automl.fold_fit import fit_fold
from core.automl.forecast import Forecast
from core.automl.trial import FoldResult, Trial
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits


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


def simulate_time(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> SimulatedTime:
    """Let these modules, and the scheduler of fits, read a simulated clock; return it."""
    clock = SimulatedTime()
    for module in (scheduler, *modules):
        monkeypatch.setattr(module, "time", clock)
    return clock


def simulate_fits(
    monkeypatch: pytest.MonkeyPatch, clock: SimulatedTime, slowness: Callable[[Trial], float] = lambda trial: 1.0
) -> None:
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
        clock.elapse(seconds)
        forecast.learn(trial.candidate, rows, seconds)
        return replace(result, seconds=seconds)

    monkeypatch.setattr(scheduler, "fit_fold", fit)


def simulate_races(monkeypatch: pytest.MonkeyPatch, *callers: ModuleType) -> SimulatedTime:
    """Let races run on a simulated clock, at the pace of the reference machine; the `callers` say when one began."""
    clock = simulate_time(monkeypatch, portfolio_search, refit, *callers)
    simulate_fits(monkeypatch, clock)
    monkeypatch.setattr(portfolio_search, "measure_pace", lambda data: (Forecast(len(data.columns)), 1.0))
    return clock
