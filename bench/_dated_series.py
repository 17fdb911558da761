"""A series whose files have D/M/Y dates: every third month has only days up to 12, which fit M/D/Y as well."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bench._report import Figure, at_most
from tests.support.storage import home

SERIES, TARGET = "orders", "price"
MONTHS, ROWS = 24, 300
QUICK_MONTHS = 10
# In these months the file has no day after the 12th: each third one, and once the next one too, since two files in a
# row that say the same are believed.
THIRD, TWICE = 3, 7
# In this month the dates are written M/D/Y, with days after the 12th.
OTHER_ORDER = 8
# The first file of the second replay is ambiguous itself, and the operator says which order is right after this month.
SETTLED = 3
RACE_SECONDS = 4
# How much worse than the champion before, on rows of all days, a promotion may turn out: chance is in both errors.
WORSE = 0.05
DAY_FIRST, MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"

# Takes the series, the name and the bytes of a file, and returns the job that was done about it.
Drop = Callable[[str, str, bytes], Any]


@dataclass
class Replay:
    """The decision about each month, and the champion's error after it as a multiple of the one before."""

    drop: Drop
    series: str
    states: dict[int, str] = field(default_factory=dict)
    promoted: dict[int, bool] = field(default_factory=dict)
    ratios: dict[int, float] = field(default_factory=dict)

    def run_month(self, number: int, table: pd.DataFrame, written: str = DAY_FIRST) -> str:
        """Let the file of a month arrive; return a line about it."""
        before = self._error(number)
        body = table.assign(day=table["day"].dt.strftime(written)).to_csv(index=False).encode()
        job = self.drop(self.series, f"month {number:02}.csv", body)
        result = job.result or {"state": "refused", "promoted": False, "champion": None}
        self.states[number], self.promoted[number] = result["state"], bool(result["promoted"])
        after = self._error(number)
        if before is not None and after is not None:
            self.ratios[number] = after / before
        error = "" if after is None else f"error {after:.3f}"
        kind = "" if written == DAY_FIRST else "M/D/Y"
        kind = kind or ("days up to 12" if table["day"].dt.day.max() <= 12 else "")
        promoted = ", promoted" if self.promoted[number] else ""
        return f"month {number:2}  {kind:14}  {error:13}  {self.states[number]}{promoted}"

    @property
    def wrong(self) -> list[int]:
        """Return the months whose promotion made the champion worse on rows of all days."""
        return [month for month, ratio in self.ratios.items() if self.promoted[month] and ratio > 1 + WORSE]

    def _error(self, number: int) -> float | None:
        """Return the champion's root mean squared error on further rows of a month, with dates in ISO 8601."""
        from core.services.prediction.loaded_models import find_model
        from core.services.prediction.predict import predict_records

        if home().models.serving(self.series, fresh=True) is None:
            return None
        rows = _month(number, 2_000, seed=1_000 + number)
        records = json.loads(
            rows.drop(columns=TARGET).assign(day=rows["day"].dt.strftime("%Y-%m-%d")).to_json(orient="records")
        )
        predicted = predict_records(find_model(home(), self.series), records).values
        return float(np.sqrt(np.mean((rows[TARGET].to_numpy(float) - predicted) ** 2)))


def measure_dates(drop: Drop, quick: bool) -> Iterator[Figure]:
    """Yield the figures of both replays."""
    months = QUICK_MONTHS if quick else MONTHS
    ambiguous = [month for month in range(1, months + 1) if month % THIRD == 0 or month == TWICE]
    replay = _day_first(drop, months, ambiguous)
    yield at_most("wrong promotions, each third month ambiguous", len(replay.wrong), 0.0, _worst(replay))
    held = [month for month in ambiguous if replay.states[month] != "accepted"]
    yield at_most("ambiguous months that are not accepted", len(held), 0.0, f"of {len(ambiguous)}")
    other = replay.states[OTHER_ORDER]
    yield at_most("month in the other order learned", float(other == "accepted"), 0.0, f"month {OTHER_ORDER}: {other}")
    settled = _ambiguous_first(drop, months)
    yield at_most("wrong promotions, first month ambiguous", len(settled.wrong), 0.0, _worst(settled))
    last = settled.states[months]
    yield at_most("last month not accepted, once settled", float(last != "accepted"), 0.0, f"month {months}: {last}")


def _day_first(drop: Drop, months: int, ambiguous: list[int]) -> Replay:
    """Replay a series whose first file shows that the day is first."""
    replay = Replay(drop, SERIES)
    _configure(SERIES)
    for number in range(1, months + 1):
        table = _month(number, ROWS, most_days=12 if number in ambiguous else 31)
        written = MONTH_FIRST if number == OTHER_ORDER else DAY_FIRST
        print(replay.run_month(number, table, written), flush=True)
    return replay


def _ambiguous_first(drop: Drop, months: int) -> Replay:
    """Replay a series whose first file fits both orders; later the operator says that the day is first."""
    replay = Replay(drop, f"{SERIES}-2")
    _configure(replay.series)
    for number in range(1, months + 1):
        if number == SETTLED + 1:
            _configure(replay.series, dates="dmy")
        table = _month(number, ROWS, most_days=12 if number == 1 else 31)
        print(replay.run_month(number, table), flush=True)
    return replay


def _configure(series: str, **reading: Any) -> None:
    """Store the settings of a series, with how its files are to be read."""
    from core.services.series.arrivals import submit_waiting
    from core.storage.series_repository import SeriesSettings

    home().series.configure(series, SeriesSettings(target_column=TARGET, time_limit=RACE_SECONDS, **reading))
    submit_waiting(home(), series)


def _worst(replay: Replay) -> str:
    """Describe the promotion after which the champion's error rose most."""
    ratios = {month: ratio for month, ratio in replay.ratios.items() if replay.promoted[month]}
    if not ratios:
        return "no promotion"
    month = max(ratios, key=ratios.__getitem__)
    return f"{len(ratios)} promotions, worst in month {month}: error × {ratios[month]:.3f}"


def _month(number: int, rows: int, *, most_days: int = 31, seed: int | None = None) -> pd.DataFrame:
    """Draw the orders of a month, of days all over two years: the price has a season, and rises from month to month."""
    random = np.random.default_rng(number if seed is None else seed)
    days = pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, 730, 12 * rows), unit="D")
    days = days[days.day <= most_days][:rows]
    size = random.integers(0, 20, rows)
    season = 30 * np.sin(2 * np.pi * days.dayofyear.to_numpy() / 365)
    price = 100 + season + 2 * size + 0.4 * number + random.normal(scale=3, size=rows)
    return pd.DataFrame({"day": days, "size": size, TARGET: price.round(2)})
