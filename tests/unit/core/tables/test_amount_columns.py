"""Columns of amounts: numbers with digit groups, currencies, units and magnitudes."""

from pathlib import Path
from typing import Any

import pytest

from core.manifests import Column
from core.tables import reading_pass
from core.tables.table import Table
from tests.support.tables import cells, read

CASES = Path(__file__).parents[3] / "data/cases"


def case(name: str) -> Table:
    """Read one of the files of real life."""
    (path,) = CASES.glob(f"{name}*")
    return read(path.read_bytes())


def column_of(*texts: str, delimiter: str = ";", beside: str = "1.5") -> tuple[Column, list[Any], list[str]]:
    """Return the column that these texts become beside a column of `beside`, its values, and its warnings."""
    rows = [f'"{text}"{delimiter}"{beside}"' for text in texts]
    table = read(f"x{delimiter}y\n" + "\n".join(rows) + "\n")
    warnings = [warning for warning in table.warnings if warning.startswith("column 'x'")]
    return table.columns[0], cells(table, "x"), warnings


@pytest.mark.parametrize(
    ("name", "column", "unit", "values"),
    [
        ("A1_german", "Einwohner", None, [52750, 71239, 639]),
        ("A1_german", "Quote", None, [2.4, 17.9, 13.58]),
        ("A3_train", "weight", None, [1.709, 5.028, 5.065]),
        ("B1_units_GB", "Ram", "GB", [8, 16, 16]),
        ("B1_units_GB", "Weight", "kg", [2.49, 2.05, 1.89]),
        ("B1_units_GB", "Disk", "GB", [512, 512, 1024]),
        ("B1_units_pingmi", "面积", "平米", [134, 139, 86]),
        ("B1_units_pingmi", "单价", "元/平", [71260, 89695, 63025]),
        ("B1_units_pingmi", "总价", None, [9_550_000, 12_460_000, 5_420_000]),
        ("B2_currency_brl", "price", "R$", [1799.51, 862.07, 2243.62]),
        ("B2_currency_kr", "price", "kr", [1069.81, 1294.47, 2702.88]),
        ("B2_currency_inr", "price", "Rs.", [1069.19, 2673.19, 1391.37]),
        ("B2_excel", "amount", "$", [0, -693.93, 104.6, -1227.28]),
        ("B2_quoted", "a", None, [4.54, 7.19, 19.7]),
        ("B2_quoted", "b", None, [0.817, 0.5868, 0.2996]),
        ("B2_sap", "Betrag", None, [-2490.48, -1979.98, -2834.71, 1839.01]),
        ("C1_csv_body_same_file_dollars", "price", "$", [998.11, 2082.75]),
        ("C1_csv_body_same_file_dollars", "share", "%", [55, 82]),
    ],
)
def test_files_of_real_life(name: str, column: str, unit: str | None, values: list[float]) -> None:
    table = case(name)
    described = next(one for one in table.columns if one.name == column)
    assert (described.unit, described.missing) == (unit, 0)
    assert cells(table, column)[: len(values)] == values


def test_ids_of_28_digits_are_texts_and_said_so() -> None:
    table = case("C6")
    assert cells(table, "交易单号")[:2] == ["4200001234202405011234567800", "4200001234202405011234567801"]
    assert any(
        "'交易单号' is text" in warning and "4200001234202405011234567800" in warning for warning in table.warnings
    )


def test_a_magnitude_is_multiplied_and_said_so() -> None:
    column, values, warnings = column_of("955万", "1.2亿", "3000")
    assert (column.unit, values) == (None, [9_550_000, 120_000_000, 3000])
    assert "'万' stands for 10,000 and '亿' stands for 100,000,000" in warnings[0]


@pytest.mark.parametrize(
    ("texts", "unit", "values"),
    [
        (("CHF 1'234.50", "CHF 5"), "CHF", [1234.5, 5]),
        (("1\u202f234,50 €", "5,20 €"), "€", [1234.5, 5.2]),
        (("1 234,50 zł", "5,00 zł"), "zł", [1234.5, 5]),
        (("1200,-", "3,50"), None, [1200, 3.5]),
        (("A$1,234.50", "A$2.00"), "A$", [1234.5, 2]),
        (("USD 1,234.50", "$2.00"), "USD", [1234.5, 2]),
        (("1,234.50- EUR", "2.00 EUR"), "EUR", [-1234.5, 2]),
        (("3.5万元", "12万元"), "元", [35_000, 120_000]),
        (("$1.5M", "$2B", "$300K"), "$", [1.5e6, 2e9, 3e5]),
        (("€ 1,5 Mio.", "€ 2 Mrd."), "€", [1.5e6, 2e9]),
        (("1.5K", "532", "2M"), None, [1500, 532, 2e6]),
        (("2.5 lakh", "1.2 crore"), None, [250_000, 12_000_000]),
        (("74 bhp", "100.5 bhp"), "bhp", [74, 100.5]),
        (("21.5 °C", "-3 °C"), "°C", [21.5, -3]),
        (("100㎡", "89.5㎡"), "㎡", [100, 89.5]),
        (("12 km/h", "0"), "km/h", [12, 0]),
        (("1 year", "12 years", "3 years"), "years", [1, 12, 3]),
        (("1.2千克", "3千克"), "千克", [1.2, 3]),
        (("300 K", "273.15 K"), "K", [300, 273.15]),
        (("(5.5%)", "3%"), "%", [-5.5, 3]),
        (("$(1,234.50)", "($2.00)", "-$3", "$-4", "$ -"), "$", [-1234.5, -2, -3, -4, 0]),
    ],
)
def test_relatives(texts: tuple[str, ...], unit: str | None, values: list[float]) -> None:
    is_comma = any("," in text and "." not in text.rstrip(".") for text in texts)
    column, found, warnings = column_of(*texts, beside="2,75" if is_comma else "2.75")
    assert column.type in ("integer", "number"), warnings
    assert (column.unit, found) == (unit, values)
    assert warnings


@pytest.mark.parametrize(
    "texts",
    [
        ("$5.5", "€6"),
        ("12%", "0.12"),
        ("8GB", "1TB"),
        ("5 kg", "6"),
        ("12A", "14B", "16"),
        ("A$5", "US$6"),
        ("5 mW", "3 MW"),
        ("3 months", "2 years"),
        ("10am", "3pm"),
        ("1st", "2nd"),
        ("5-door", "3-door"),
        ("2室1厅", "3室2厅"),
        ("Q1", "Q2"),
        ("R1", "R2"),
        ("007A", "008A"),
    ],
)
def test_what_is_no_column_of_amounts_stays_text(texts: tuple[str, ...]) -> None:
    column, values, _ = column_of(*texts)
    assert (column.type, values) == ("category", list(texts))


@pytest.mark.parametrize("dash", [" -   ", " - ", "- ", " -"])
def test_a_padded_dash_without_a_currency_is_missing_and_said_so(dash: str) -> None:
    column, values, warnings = column_of(" 1,234.50 ", dash, " (5.00)")
    assert (column.type, values) == ("number", [1234.5, None, -5])
    assert "1 of its values are a dash between blanks and count as missing" in " ".join(warnings)


def test_numbers_without_a_currency_among_others_are_counted() -> None:
    column, values, warnings = column_of("$5", "6", "0", "$7.50")
    assert (column.unit, values) == ("$", [5, 6, 0, 7.5])
    assert "1 of its numbers have no unit and are taken for $" in warnings[1]


@pytest.mark.parametrize(
    ("texts", "beside", "values", "warning"),
    [
        (
            ("1,234", "5,678"),
            "a",
            [1234, 5678],
            "if its comma is a decimal mark, it is 1.234: to have it read so, send decimal=comma",
        ),
        (
            ("1,234", "5,678"),
            "2,5",
            [1.234, 5.678],
            "if its comma divides thousands, it is 1234",
        ),
        (
            ("1.234", "5.678"),
            "2,5",
            [1234, 5678],
            "if its point is a decimal mark, it is 1.234",
        ),
        (
            ("1.234", "5.678"),
            "a",
            [1.234, 5.678],
            "if its point divides thousands, it is 1234: to have it read so, send decimal=comma",
        ),
    ],
)
def test_a_mark_of_two_readings_is_settled_by_the_file_and_said_so(
    texts: tuple[str, ...], beside: str, values: list[float], warning: str
) -> None:
    _, found, warnings = column_of(*texts, beside=beside)
    assert found == values
    assert warning in warnings[0]
    # Where another number of the file settles the mark, the other reading would contradict that one.
    assert ("PATCH" in warnings[0]) == (beside == "a")


def test_a_mark_that_the_column_settles_has_no_other_reading() -> None:
    for texts in (("1,234", "5,678,901"), ("1,234", "5.5"), ("1.234", "0.5"), ("1.234", "5.67")):
        _, _, warnings = column_of(*texts, beside="a")
        assert not any(" it is " in warning for warning in warnings), texts


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few rows fill several blocks of reading."""
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 14)


@pytest.mark.usefixtures("short_blocks")
def test_a_unit_that_changes_far_down_makes_the_whole_column_text() -> None:
    rows = [f"{i} kg,{i}" for i in range(1, 5_000)] + ["5 lb,1"]
    table = read("x,y\n" + "\n".join(rows) + "\n")
    assert table.columns[0].type == "category"


@pytest.mark.usefixtures("short_blocks")
def test_numbers_get_their_unit_far_down() -> None:
    rows = ["0,1"] * 10_000 + ["5 kg,1"] * 10_000
    table = read("x,y\n" + "\n".join(rows) + "\n")
    assert (table.columns[0].type, table.columns[0].unit) == ("integer", "kg")
