"""The same value gives the same prediction on every road, for random columns of every type and format.

A file that is predicted shows less than the one that was trained on: only days up to 12, only three decimals, only
levels that look like numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.jobs.commands import TrainCommand
from core.services.processing.ingest import ingest
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.prediction_roads import Roads, csv_text
from tests.support.storage import home

TRAIN_ROWS, SCORE_ROWS = 60, 9
pytestmark = pytest.mark.usefixtures("two_folds")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Drawn:
    """A column: texts to train on, texts to predict, and these as JSON values that can be read in one way only."""

    train: list[str]
    score: list[str]
    plain: list[Any]


def numbers(rng: Random, decimal: str) -> Drawn:
    """Draw numbers, of three decimals where they are predicted."""
    places = rng.choice((2, 3, 4))
    values = [rng.uniform(1, 9) for _ in range(SCORE_ROWS)]
    train = [f"{rng.uniform(1, 9):.{places}f}" for _ in range(TRAIN_ROWS - 1)] + ["0.25"]
    return Drawn(_marked(train, decimal), _marked([f"{n:.3f}" for n in values], decimal), [round(n, 3) for n in values])


def thousands(rng: Random, decimal: str) -> Drawn:
    """Draw numbers with marks of thousands, and fractions where they are trained on."""
    values = [rng.randrange(1_000, 9_999) for _ in range(SCORE_ROWS)]
    train = [f"{rng.uniform(1_000, 99_999):,.2f}" for _ in range(TRAIN_ROWS)]
    return Drawn(_marked(train, decimal), _marked([f"{n:,}" for n in values], decimal), values)


def integers(rng: Random, decimal: str) -> Drawn:
    """Draw whole numbers, some of them written otherwise where they are predicted."""
    values = [rng.randrange(1, 400) for _ in range(SCORE_ROWS)]
    write: tuple[Callable[[int], str], ...] = (str, "{:05}".format, " {} ".format, "+{}".format, "{}e0".format)
    train = [str(rng.randrange(1, 400)) for _ in range(TRAIN_ROWS)]
    return Drawn(train, [rng.choice(write)(n) for n in values], values)


def amounts(rng: Random, decimal: str) -> Drawn:
    """Draw numbers with a unit or a currency; the unit may be left out where they are predicted."""
    form = rng.choice(("{} kg", "{} CC", "{}%", "$ {}", "€{}", "{} kr", "R$ {}", "{} km", "{}㎡", "CHF {}"))
    values = [rng.uniform(1, 900) for _ in range(SCORE_ROWS)]
    train = [form.format(text) for text in _marked([f"{rng.uniform(1, 900):.2f}" for _ in range(TRAIN_ROWS)], decimal)]
    score = [rng.choice((form, "{}")).format(text) for text in _marked([f"{n:.1f}" for n in values], decimal)]
    return Drawn(train, score, [round(n, 1) for n in values])


def dates(rng: Random, decimal: str) -> Drawn:
    """Draw dates in one format, of days up to 12 where they are predicted."""
    write: Callable[[date], str] = rng.choice(
        (
            "{0:%d/%m/%Y}".format,
            "{0:%m/%d/%Y}".format,
            "{0:%d.%m.%Y}".format,
            "{0:%d-%m-%Y}".format,
            "{0:%d/%m/%y}".format,
            "{0:%m/%d/%y}".format,
            "{0:%d.%m.%y}".format,
            "{0:%Y-%m-%d}".format,
            "{0:%Y/%m/%d}".format,
            "{0.year}年{0.month}月{0.day}日".format,
            "{0.day}/{0.month}/{0.year}".format,
            "{0:%d/%m/%Y} 14:30".format,
            lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year}",
            lambda day: f"{MONTHS[day.month - 1]} {day.day}, {day.year}",
            lambda day: f"{day.day}-{MONTHS[day.month - 1]}-{day:%y}",
        )
    )
    days = [date(2019 + rng.randrange(5), 1 + rng.randrange(12), 1 + rng.randrange(12)) for _ in range(SCORE_ROWS)]
    train = [write(date(2019, 1, 13) + timedelta(days=31 * i)) for i in range(TRAIN_ROWS)]
    is_timed = "14:30" in train[0]
    return Drawn(train, [write(day) for day in days], [f"{day}{' 14:30:00' * is_timed}" for day in days])


def months(rng: Random, decimal: str) -> Drawn:
    """Draw months."""
    write: Callable[[date], str] = rng.choice(("{0:%Y-%m}".format, "{0.year}年{0.month}月".format, "{0:%m/%Y}".format))
    days = [date(2019 + rng.randrange(5), 1 + rng.randrange(12), 1) for _ in range(SCORE_ROWS)]
    train = [write(date(2019 + i // 12, i % 12 + 1, 1)) for i in range(TRAIN_ROWS)]
    return Drawn(train, [write(day) for day in days], [str(day) for day in days])


def clocks(rng: Random, decimal: str) -> Drawn:
    """Draw times of day."""
    minutes = [rng.randrange(24 * 60) for _ in range(TRAIN_ROWS + SCORE_ROWS)]
    texts = [f"{one // 60:02}:{one % 60:02}" for one in minutes]
    return Drawn(texts[:TRAIN_ROWS], texts[TRAIN_ROWS:], [60 * one for one in minutes[TRAIN_ROWS:]])


def booleans(rng: Random, decimal: str) -> Drawn:
    """Draw two words for true and false; only one of them where they are predicted, or those of another pair."""
    pairs = (("yes", "no"), ("true", "false"), ("Y", "N"), ("是", "否"), ("on", "off"), ("T", "F"))
    yes, no = rng.choice(pairs)
    other_yes, other_no = rng.choice((*pairs, ("1", "0")))
    words = {True: rng.choice((yes, other_yes)), False: rng.choice((no, other_no))}
    plain = [rng.random() < rng.choice((0.5, 1.0)) for _ in range(SCORE_ROWS)]
    return Drawn([(yes, no)[i % 2] for i in range(TRAIN_ROWS)], [words[value] for value in plain], plain)


def levels(rng: Random, decimal: str) -> Drawn:
    """Draw levels; only those that look like numbers or dates where they are predicted."""
    kept, others = rng.choice(
        (
            (("1.50", "2.00", "10.0"), ("open",)),
            (("5%", "10%"), ("none of it",)),
            (("007", "042"), ("x",)),
            (("1e3", "2e3"), ("x",)),
            (("1,000", "2,000"), ("more",)),
            (("2022-03-04", "2022-03-05"), ("later",)),
            (("03/04/2022", "05/04/2022"), ("later",)),
            (("10:30", "11:30"), ("later",)),
            (("yes", "no"), ("maybe",)),
            (("1", "2"), ("three",)),
            (("12345678901234567890", "12345678901234567891"), ("x",)),
            (("无", "有"), ()),
            (("None", "fence"), ("wall",)),
            (("a", "b "), ("c",)),
        )
    )
    score = [rng.choice(kept) for _ in range(SCORE_ROWS)]
    everything = [*kept, *others]
    return Drawn([everything[i % len(everything)] for i in range(TRAIN_ROWS)], score, [text.strip() for text in score])


def accounts(rng: Random, decimal: str) -> Drawn:
    """Draw numbers below zero as accountants write them, marks between groups, and powers of ten."""
    write, read = rng.choice(
        (
            (lambda n: f"{n:,.2f}-", lambda n: -round(n, 2)),
            (lambda n: f"({n:,.2f})", lambda n: -round(n, 2)),
            (lambda n: f"$ ({n:,.2f})", lambda n: -round(n, 2)),
            (lambda n: f"{n:.1f}K", lambda n: float(f"{n:.1f}e3")),
            (lambda n: f"{n:.2f}万", lambda n: float(f"{n:.2f}e4")),
            (lambda n: f"{n:.2f} 亿元", lambda n: float(f"{n:.2f}e8")),
            (lambda n: f"−{n:.2f}", lambda n: -round(n, 2)),
            (lambda n: f"{n:,.2f}".replace(",", "'"), lambda n: round(n, 2)),
            (lambda n: f"{n:,.2f}".replace(",", "\u202f"), lambda n: round(n, 2)),
            (lambda n: f"{n:.3e}", lambda n: float(f"{n:.3e}")),
        )
    )
    values = [rng.uniform(1, 99_999) for _ in range(SCORE_ROWS)]
    train = [write(rng.uniform(1, 99_999)) for _ in range(TRAIN_ROWS)]
    return Drawn(_marked(train, decimal), _marked([write(n) for n in values], decimal), [read(n) for n in values])


def date_numbers(rng: Random, decimal: str) -> Drawn:
    """Draw dates that are numbers: as Excel counts days, or as eight digits."""
    write: Callable[[date], str] = rng.choice(
        ("{0:%Y%m%d}".format, lambda day: str((day - date(1899, 12, 30)).days), "{0:%Y%m}".format)
    )
    days = [date(2019 + rng.randrange(5), 1 + rng.randrange(12), 1) for _ in range(SCORE_ROWS)]
    train = [write(date(2019, 1, 13) + timedelta(days=31 * i)) for i in range(TRAIN_ROWS)]
    return Drawn(train, [write(day) for day in days], [str(day) for day in days])


def moments(rng: Random, decimal: str) -> Drawn:
    """Draw dates with a time of day."""
    form = rng.choice(
        (
            "{0:%Y-%m-%dT%H:%M:%SZ}",
            "{0:%Y-%m-%d %H:%M:%S} UTC",
            "{0:%Y-%m-%d %H:%M:%S}+00",
            "{0:%Y-%m-%d %H:%M:%S}.500000",
            "{0:%d/%m/%Y %I:%M %p}",
            "{0:%a, %d %b %Y %H:%M:%S} +0000",
            "{0:%d.%m.%Y %H:%M}",
        )
    )
    half = ".5" * ("500000" in form)
    times = [datetime(2019 + rng.randrange(5), 1 + rng.randrange(12), 1 + rng.randrange(12)) for _ in range(SCORE_ROWS)]
    times = [one + timedelta(minutes=rng.randrange(1, 1440)) for one in times]
    train = [form.format(datetime(2019, 1, 13, 8) + timedelta(days=31 * i, minutes=i)) for i in range(TRAIN_ROWS)]
    return Drawn(train, [form.format(one) for one in times], [f"{one:%Y-%m-%d %H:%M:%S}{half}" for one in times])


def quarters(rng: Random, decimal: str) -> Drawn:
    """Draw quarters."""
    form = rng.choice(("{0}Q{1}", "{0}-Q{1}", "Q{1} {0}", "{0}年第{1}季度"))
    drawn = [(2019 + rng.randrange(5), 1 + rng.randrange(4)) for _ in range(SCORE_ROWS)]
    train = [form.format(2005 + i // 4, i % 4 + 1) for i in range(TRAIN_ROWS)]
    return Drawn(train, [form.format(*one) for one in drawn], [f"{year}-{3 * q - 2:02}-01" for year, q in drawn])


def gaps(rng: Random, decimal: str) -> Drawn:
    """Draw numbers and words for a missing value."""
    drawn = numbers(rng, decimal)
    word = rng.choice(("", "NA", "-", "n/a", "#N/A", "..", "无", "NaN"))
    gap = set(rng.sample(range(SCORE_ROWS), 2))
    return Drawn(
        [word if i % 9 == 4 else text for i, text in enumerate(drawn.train)],
        [word if i in gap else text for i, text in enumerate(drawn.score)],
        [None if i in gap else value for i, value in enumerate(drawn.plain)],
    )


KINDS = (numbers, thousands, integers, amounts, dates, dates, months, clocks, booleans, levels, levels, gaps)
KINDS += (accounts, accounts, date_numbers, moments, quarters)


@pytest.mark.parametrize("seed", range(8))
def test_the_same_value_predicts_alike_on_every_road(seed: int, bucket: ObjectStore, tmp_path: Path) -> None:
    rng = Random(seed)
    decimal, delimiter = rng.choice((".", ",")), rng.choice((",", ";", "\t"))
    columns = {f"{kind.__name__} {i}": kind(rng, decimal) for i, kind in enumerate(KINDS)}
    targets = [str(rng.randrange(1000)) for _ in range(TRAIN_ROWS)]
    train = [{**{name: drawn.train[i] for name, drawn in columns.items()}, "y": targets[i]} for i in range(TRAIN_ROWS)]
    path = tmp_path / "train.csv"
    path.write_bytes(csv_text(train, delimiter))
    dataset = ingest(home(), path.name, path)
    command = TrainCommand(model_type="ridge", target_column="y", file_id=dataset.file_id, model_name="line")
    model = train_model(home(), command)
    assert {feature.name for feature in model.features} == set(columns)
    roads = Roads(bucket, "line", tmp_path)
    score = [{name: drawn.score[i] for name, drawn in columns.items()} for i in range(SCORE_ROWS)]
    plain = [{name: drawn.plain[i] for name, drawn in columns.items()} for i in range(SCORE_ROWS)]

    expected = roads.records(plain)
    answers = roads.all(score, delimiter)
    wrong = {road: answer for road, answer in answers.items() if answer != expected}
    assert not wrong, roads.warnings
    assert roads.one_by_one(score) == pytest.approx(expected, rel=1e-9)


def _marked(texts: list[str], decimal: str) -> list[str]:
    """Return numbers with this decimal mark."""
    return texts if decimal == "." else [text.translate(str.maketrans(".,", ",.")) for text in texts]
