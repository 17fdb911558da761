"""Paired timers, the table of figures and targets, and the command line of every benchmark."""

import argparse
import json
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from core.machine_limits import available_cores

NAME_WIDTH = 54


@dataclass(frozen=True)
class Figure:
    """One measured ratio and its target; `detail` shows the two measurements."""

    name: str
    measured: float
    target: float
    at_least: bool
    detail: str

    @property
    def passed(self) -> bool:
        """Return whether the ratio meets its target."""
        return self.measured >= self.target if self.at_least else self.measured <= self.target


def at_most(name: str, measured: float, target: float, detail: str) -> Figure:
    """Return a figure whose ratio may not be above its target."""
    return Figure(name, measured, target, False, detail)


def at_least(name: str, measured: float, target: float, detail: str) -> Figure:
    """Return a figure whose ratio may not be below its target."""
    return Figure(name, measured, target, True, detail)


@dataclass(frozen=True)
class Pair:
    """The median seconds of two timers that took turns, and the median of the ratios of all turns."""

    ours: float
    theirs: float
    ratio: float


Timer = Callable[[], float]


def paired(ours: Timer, theirs: Timer, rounds: int) -> Pair:
    """Measure both sides in each of `rounds` turns, first one and then the other, so that disturbances meet both."""
    turns = []
    for turn in range(rounds):
        if turn % 2:
            their_seconds, our_seconds = theirs(), ours()
        else:
            our_seconds, their_seconds = ours(), theirs()
        turns.append((our_seconds, their_seconds))
    all_ours, all_theirs = zip(*turns, strict=True)
    return Pair(median(all_ours), median(all_theirs), median(a / b for a, b in turns))


def p50(call: Callable[[], object], times: int) -> Timer:
    """Return a timer: the median seconds of `times` calls, after one that warms up."""

    def run() -> float:
        call()
        taken = []
        for _ in range(times):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        return median(taken)

    return run


def once(call: Callable[[], object]) -> Timer:
    """Return a timer: the seconds of one call."""

    def run_once() -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    return run_once


def run(
    title: str,
    measure: Callable[..., Iterator[Figure]],
    flags: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> int:
    """Print each figure as it is measured; return the exit status, which is 1 where a figure misses its target.

    `flags` are options of this benchmark alone, with their help, and `options` those with a value; `measure` gets each
    as a keyword argument.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--quick", action="store_true", help="fewer rounds; the same figures and targets")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    for flag, help_text in (flags or {}).items():
        parser.add_argument(f"--{flag}", action="store_true", help=help_text)
    for option, help_text in (options or {}).items():
        parser.add_argument(f"--{option}", help=help_text)
    arguments = parser.parse_args()
    chosen = {name: getattr(arguments, name) for name in [*(flags or {}), *(options or {})]}
    # An exception, so that processes that were started are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"{title}\n\n{'figure':{NAME_WIDTH}} {'ratio':>8} {'target':>8}        sides")
    figures = []
    for figure in measure(arguments.quick, **chosen):
        figures.append(figure)
        print(_row(figure), flush=True)
    short = [figure.name for figure in figures if not figure.passed]
    print(f"\n{len(figures) - len(short)} of {len(figures)} targets met" + "".join(f"\n  short: {n}" for n in short))
    if arguments.json:
        arguments.json.write_text(json.dumps(_document(title, arguments.quick, figures), indent=2) + "\n")
    return 1 if short else 0


def _row(figure: Figure) -> str:
    sign = ">=" if figure.at_least else "<="
    verdict = "pass" if figure.passed else "FAIL"
    return (
        f"{figure.name:{NAME_WIDTH}} {figure.measured:8.3f} {sign} {figure.target:5.2f} {verdict:>5}   {figure.detail}"
    )


def _document(title: str, quick: bool, figures: list[Figure]) -> dict[str, object]:
    return {
        "title": title,
        "quick": quick,
        "machine": {"cpus": available_cores(), "python": platform.python_version(), "system": platform.system()},
        "figures": [{**asdict(figure), "passed": figure.passed} for figure in figures],
    }
