"""The axis of a histogram of dates: round dates and their labels."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from core.reporting.formatting import day, month_name
from core.reporting.scales import MOST_TICKS, Ticks
from core.reporting.words import say

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_YEAR = 9999
YEAR_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
MONTH_STEPS = (1, 3, 6)
DAY_STEPS = (1, 2, 5, 10)
SECOND_STEPS = (1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 43_200)

# Labels a date; the first one of an axis may get more detail.
Label = Callable[[datetime, bool], str]


def date_ticks(low: float, high: float) -> Ticks:
    """Return a few round dates between two (seconds since 1970-01-01), in the smallest step that leaves only a few."""
    start, end = _moment(low), _moment(high)
    for dates, label in _calendars(start):
        found: Ticks = []
        for date in dates:
            if date > end or len(found) > MOST_TICKS:
                break
            if date >= start:
                found.append((seconds(date), label(date, not found)))
        if len(found) <= MOST_TICKS:
            # A step of which only one date fits makes no axis.
            return found if len(found) > 1 else [(low, day(start)), (high, day(end))]
    return [(low, day(start)), (high, day(end))]


def seconds(date: datetime) -> float:
    """Return seconds since 1970-01-01; a date without a zone is in UTC."""
    return (date.replace(tzinfo=date.tzinfo or UTC) - EPOCH).total_seconds()


def _moment(seconds: float) -> datetime:
    """Return the date of seconds since 1970-01-01, in UTC."""
    return EPOCH + timedelta(seconds=seconds)


def _calendars(start: datetime) -> Iterator[tuple[Iterator[datetime], Label]]:
    """Yield series of round dates from about `start` on, the densest first, with their labels."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    for step in SECOND_STEPS:
        yield _spaced(midnight, timedelta(seconds=step), start), _clock if step >= 60 else _clock_with_seconds
    for step in DAY_STEPS:
        yield _spaced(EPOCH, timedelta(days=step), start), _day
    for step in MONTH_STEPS:
        yield _months(start.year, step), _month
    for step in YEAR_STEPS:
        first = max(start.year - start.year % step, 1)
        yield _months(first, 12 * step), _month


def _spaced(origin: datetime, step: timedelta, start: datetime) -> Iterator[datetime]:
    """Yield dates from the last one at or before `start`, `step` apart, counted from `origin`."""
    for number in count((start - origin) // step):
        try:
            yield origin + number * step
        except OverflowError:
            return


def _months(year: int, step: int) -> Iterator[datetime]:
    """Yield the first of every `step`-th month from January of a year on."""
    for month in range(0, 12 * (LAST_YEAR + 1 - year), step):
        yield datetime(year + month // 12, 1 + month % 12, 1, tzinfo=UTC)


def _month(date: datetime, first: bool) -> str:
    """Label January by its year alone, the first month of an axis by name and year, and others by name."""
    if date.month == 1:
        return say("dates.year", year=date.year)
    return say("dates.month", month=month_name(date), year=date.year) if first else month_name(date)


def _day(date: datetime, _first: bool) -> str:
    """Label a day by its number and month."""
    return say("dates.dayOfMonth", day=date.day, month=month_name(date))


def _clock(date: datetime, _first: bool) -> str:
    """Label a time by hours and minutes."""
    return f"{date:%H:%M}"


def _clock_with_seconds(date: datetime, _first: bool) -> str:
    """Label a time by hours, minutes and seconds."""
    return f"{date:%H:%M:%S}"
