"""Scales: the position of a value between two ends, and the round numbers of an axis."""

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from core.reporting.formatting import short_number, stepped

MOST_TICKS = 5
# Longer labels would touch each other on a phone.
LABEL_CHARACTERS = 9

Ticks = list[tuple[float, str]]


@dataclass(frozen=True)
class Scale:
    """A scale from `low` to `high`, both finite."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Return the position of a value: 0 at `low`, 1 at `high`, never beyond. Safe for ends of 1e308."""
        extent = self.high / 4 - self.low / 4
        if extent <= 0:
            return 0.5
        return min(max((value / 4 - self.low / 4) / extent, 0.0), 1.0)

    def ticks(self, least_step: float = 0.0) -> Ticks:
        """Return a few round numbers within the scale, at least `least_step` apart, with their labels.

        Return the two ends instead where round numbers would be too long or coincide.
        """
        extent = self.high - self.low
        if not isfinite(extent) or extent <= 0:
            return self._ends()
        step = max(_round_step(extent / MOST_TICKS), least_step)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        values = [number * step for number in range(first, last + 1)]
        labels = stepped(values, step) if values else []
        if len(set(labels)) < 2 or max(map(len, labels)) > LABEL_CHARACTERS:
            return self._ends()
        return list(zip(values, labels, strict=True))

    def _ends(self) -> Ticks:
        """Return the two ends as ticks, or one where they have the same label."""
        ends = [(end, short_number(end)) for end in (self.low, self.high)]
        return ends[:1] if ends[0][1] == ends[1][1] else ends


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, 50, ... that is not much below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= 0.9 * least)
