"""Names in little room stay different, whatever they have in common."""

import pytest

from core.reporting.formatting import width
from core.reporting.names import breakable, names_of_bars, told_apart

LONG = [
    ["Extremely long category that begins alike, variant A", "Extremely long category that begins alike, variant B"],
    [f"sensor_reading_of_line_{line}_channel_{line:03d}_raw_value_of_the_day" for line in range(30)],
    ["北京市朝阳区建国门外大街甲六号国际中心东塔", "北京市朝阳区建国门外大街甲六号国际中心西塔"],
    ["a" * 60, "a" * 59 + "b", "a" * 30 + "b" * 30],
    ["a" * length for length in range(30, 60)],
    [f"temperature of line {line} at the place of sensor {sensor} in degrees" for line in "ABC" for sensor in "XYZ"],
    [f"北京市朝阳区建国门外大街{street}号{house}单元住宅小区" for street in "一二三" for house in "甲乙丙"],
    [f"المنطقة الشمالية من المدينة الكبيرة {letter}" for letter in "أبج"],
]


@pytest.mark.parametrize("names", LONG)
def test_long_names_that_begin_alike_are_told_apart(names: list[str]) -> None:
    cut = told_apart(names, 20)
    assert len(set(cut)) == len(names)
    assert max(map(width, cut)) <= 20
    assert all("…" in short for short in cut)


def test_a_name_with_room_stays_whole_and_equal_ones_stay_equal() -> None:
    assert told_apart(["area", "rooms", "area"], 20) == ["area", "rooms", "area"]
    assert told_apart([LONG[0][0]] * 2, 20) == ["Extremely long cate…"] * 2


def test_values_that_begin_alike_get_lines_of_their_own() -> None:
    assert names_of_bars(["red", "blue"])[1] is None
    shown, kind = names_of_bars(LONG[0])
    assert kind == "alike"
    assert [name == breakable(text) for name, text in zip(shown, LONG[0], strict=True)] == [True, True]


def test_a_name_breaks_behind_its_underscores_and_is_escaped() -> None:
    assert breakable("median_house_value") == "<bdi>median_<wbr/>house_<wbr/>value</bdi>"
    assert breakable("<b>_x") == "<bdi>&lt;b&gt;_<wbr/>x</bdi>"
    assert breakable("a_b") == "<bdi>a_b</bdi>"
