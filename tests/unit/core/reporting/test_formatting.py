"""Numbers, dates and axes are readable, and colours have enough contrast with their background."""

import re
from datetime import datetime
from math import nan

import pytest

from core.reporting import formatting, page
from core.reporting.date_axis import date_ticks, seconds
from core.reporting.html import element
from core.reporting.matrices import SHADES, shade_ink
from core.reporting.scales import MOST_TICKS, Scale
from core.shares import share


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (-0.0, "0"),
        (2012, "2012"),
        (206855.816909, "206,856"),
        (-119.5697, "−119.6"),
        (0.0123456, "0.01235"),
        (9999.9, "10,000"),
        (999999.6, "1,000,000"),
        (12_345_678, "12.35 M"),
        (999_999_999, "1 B"),
        (7.1e13, "71 T"),
        (1.8e308, "–"),
        (1e308, "1×10³⁰⁸"),
        (-2.5e-300, "−2.5×10⁻³⁰⁰"),
        (nan, "–"),
        (None, "–"),
    ],
)
def test_a_figure_has_four_digits_and_a_unit_where_it_is_large(value: float | None, written: str) -> None:
    assert plain(formatting.short_number(value)) == written


@pytest.mark.parametrize(
    ("value", "written"), [(1_234_567, "1.23 M"), (45_000, "45 k"), (9_999, "9999"), (999_999, "1 M"), (0.5, "0.5")]
)
def test_beside_a_plot_a_number_is_shorter(value: float, written: str) -> None:
    assert plain(formatting.brief(value)) == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [(0, 10, "0%"), (1, 100_000, "<0.1%"), (1, 3, "33.3%"), (99_999, 100_000, ">99.9%"), (5, 5, "100%"), (0, 0, "0%")],
)
def test_a_share_is_never_rounded_to_none_or_all(part: int, whole: int, written: str) -> None:
    assert share(part, whole) == written


@pytest.mark.parametrize(
    ("length", "written"),
    [(0, "0 seconds"), (1, "1 second"), (90, "1.5 minutes"), (32_400, "9 hours"), (86_400, "1 day"), (None, "–")],
)
def test_a_duration_is_in_its_largest_unit(length: float | None, written: str) -> None:
    assert plain(formatting.duration(length)) == written


@pytest.mark.parametrize(
    ("iso", "written"),
    [
        ("2026-03-04", "4 Mar 2026"),
        ("2019-03-23 20:21:09", "23 Mar 2019, 20:21:09"),
        ("2020-04-17T15:00", "17 Apr 2020, 15:00"),
        ("0001-01-01", "1 Jan 1"),
    ],
)
def test_a_date_is_short(iso: str, written: str) -> None:
    assert plain(formatting.date(iso)) == written


def test_sizes_delimiters_and_correlations() -> None:
    assert [plain(formatting.size(n)) for n in (0, 999, 1_423_529, 5_000_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1.42 MB",
        "5 GB",
    ]
    assert [formatting.delimiter(c) for c in ",;\t|~"] == ["comma", "semicolon", "tab", "bar", "~"]
    assert [formatting.coefficient(r) for r in (0.976, -0.5, -0.001, None)] == ["0.98", "−0.50", "0.00", "–"]


def test_a_long_name_is_cut_and_wide_characters_count_twice() -> None:
    assert formatting.shortened("short", 5) == "short"
    assert formatting.shortened("longer", 5) == "long…"
    assert formatting.shortened("城市名字", 8) == "城市名字"
    assert formatting.shortened("城市名字", 6) == "城市…"


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 17.3, ["0", "5", "10", "15"]),
        (14_999, 500_001, ["100 k", "200 k", "300 k", "400 k", "500 k"]),
        (0, 8.4e6, ["0", "2 M", "4 M", "6 M", "8 M"]),
        (-0.5, 0.5, ["−0.4", "−0.2", "0", "0.2", "0.4"]),
        (1985, 2016, ["1990", "2000", "2010"]),
        (-1e308, 1e308, ["−1×10³⁰⁸", "1×10³⁰⁸"]),
        (1e9, 1e9 + 5, ["1 B"]),
        (5, 5, ["5"]),
    ],
)
def test_an_axis_is_labelled_at_a_few_round_numbers(low: float, high: float, labels: list[str]) -> None:
    ticks = Scale(low, high).ticks()
    assert [plain(label) for _, label in ticks] == labels
    assert len(ticks) <= MOST_TICKS + 1
    assert all(low <= value <= high for value, _ in ticks)


def test_whole_numbers_are_labelled_at_whole_numbers() -> None:
    assert [label for _, label in Scale(2011, 2013).ticks(1.0)] == ["2011", "2012", "2013"]


def test_a_scale_of_the_largest_numbers_does_not_overflow() -> None:
    scale = Scale(-1.7e308, 1.7e308)
    assert [scale.share(value) for value in (-1.7e308, 0, 1.7e308)] == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        ("2015-03-01", "2020-05-03", ["2016", "2017", "2018", "2019", "2020"]),
        ("2020-01-01", "2020-10-27", ["2020", "Apr", "Jul", "Oct"]),
        ("2019-02-28 23:00", "2019-04-01", ["5 Mar", "15 Mar", "25 Mar"]),
        ("2019-02-10", "2019-06-20", ["Mar 2019", "Apr", "May", "Jun"]),
        ("2011-01-01", "2013-01-05", ["2011", "Jul", "2012", "Jul", "2013"]),
        ("2020-01-01 18:00", "2020-01-02 18:00", ["18:00", "00:00", "06:00", "12:00", "18:00"]),
        ("2020-01-01 10:00:01", "2020-01-01 10:00:03", ["10:00:01", "10:00:02", "10:00:03"]),
        ("0001-01-01", "9999-12-31", ["1 Jan 1", "31 Dec 9999"]),
    ],
)
def test_an_axis_of_dates_is_labelled_at_a_few_round_dates(low: str, high: str, labels: list[str]) -> None:
    start, end = (seconds(datetime.fromisoformat(text)) for text in (low, high))
    ticks = date_ticks(start, end)
    assert [plain(label) for _, label in ticks] == labels
    assert all(start <= at <= end for at, _ in ticks)


def test_an_element_escapes_what_is_no_markup() -> None:
    inner = element("b", "<i>", title='"x"')
    assert inner == '<b title="&quot;x&quot;">&lt;i&gt;</b>'
    assert element("p", inner, ["a", None, ("&",)], class_="c", hidden=None) == f'<p class="c">{inner}a&amp;</p>'


Colours = dict[str, str]


def schemes() -> dict[str, Colours]:
    """The colours of the style, in the light and in the dark."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", page.style())
    same = re.findall(r"--([\w-]+): (#[0-9a-f]{6})", page.style())
    both = [*((name, colour, colour) for name, colour in same), *pairs]
    return {"light": {name: light for name, light, _ in both}, "dark": {name: dark for name, _, dark in both}}


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "ground"])
@pytest.mark.parametrize("colour", ["ink", "muted", "accent", "error", "warning", "info"])
def test_text_is_readable_on_what_is_behind_it(scheme: str, ground: str, colour: str) -> None:
    colours = schemes()[scheme]
    assert contrast(parts(colours[colour]), parts(colours[ground])) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sign", ["positive", "negative"])
@pytest.mark.parametrize("shade", range(SHADES + 1))
def test_a_number_is_readable_on_every_shade_of_the_heat_map(scheme: str, sign: str, shade: int) -> None:
    colours = schemes()[scheme]
    opacity = shade / SHADES
    cell = [opacity * c + (1 - opacity) * p for c, p in zip(parts(colours[sign]), parts(colours["paper"]), strict=True)]
    ink = parts(colours[shade_ink(shade)])
    assert contrast(ink, (cell[0], cell[1], cell[2])) >= 4.5
