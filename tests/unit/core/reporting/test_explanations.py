"""Statistics say in words what they mean."""

from math import inf, log, sqrt

import pytest

from core.reporting.explanations import leaning, strength, tails, variety


def test_a_mutual_information_is_written_as_the_correlation_that_has_as_much() -> None:
    assert strength(0.0) == 0
    assert strength(inf) == 1
    # Two normal variables of correlation r have -log(1 - r**2) / 2 nats.
    assert strength(-log(1 - 0.6**2) / 2) == pytest.approx(0.6)
    assert strength(log(2)) == pytest.approx(sqrt(0.75))


def test_an_entropy_is_written_as_a_number_of_values() -> None:
    assert [variety(bits).replace("\u00a0", " ") for bits in (0.0, 1.0, 2.5)] == ["1 value", "2 values", "5.66 values"]


def test_skew_and_kurtosis_have_a_word() -> None:
    assert [leaning(skew) for skew in (0.1, 2.0, -2.0)] == ["even, 0.10", "right, 2.00", "left, −2.00"]
    assert [tails(kurtosis) for kurtosis in (-1.2, 0.3, 4.0)] == ["light, −1.20", "usual, 0.30", "heavy, 4.00"]


def test_skew_and_kurtosis_have_two_decimals_unless_they_are_large() -> None:
    assert [leaning(skew) for skew in (-0.00956, 0.00002, 123.456)] == ["even, −0.01", "even, 0.00", "right, 123"]
    assert tails(12345.6) == "heavy, 12,346"


def test_what_is_undefined_is_a_dash() -> None:
    assert {leaning(None), tails(None), variety(None)} == {"–"}
