"""Statistics in plain words: what a number of bits, a kurtosis or a mutual information means for a reader."""

from math import exp, sqrt

from core.reporting.formatting import NOTHING, coefficient, short_number
from core.reporting.html import Markup, definition_list, folded
from core.reporting.words import say

# A skew of less is hardly seen. The kurtosis is 0 for the normal distribution.
LEVEL = 0.5
LIGHT, HEAVY = -1.0, 1.0
LARGE = 10.0
# The metrics of a model, and the figures whose meaning is said, in the order of the page.
METRICS = ("r2", "rmse", "mae", "median_ae", "mape")
EXPLAINED = ("outliers", "skew", "tails", "variety", "length")


def explanations() -> Markup:
    """Return what the figures on the cards mean, which a reader unfolds."""
    meanings = ((say(f"figures.{name}"), say(f"figures.meanings.{name}")) for name in EXPLAINED)
    return folded(say("figures.meanings.title"), definition_list(meanings), class_="more words")


def leaning(skew: float | None) -> str:
    """Say which tail is longer, with the skew: `right, 2.31`."""
    if skew is None:
        return NOTHING
    side = "even" if abs(skew) < LEVEL else "right" if skew > 0 else "left"
    return say(f"figures.leaning.{side}", skew=_decimals(skew))


def tails(kurtosis: float | None) -> str:
    """Say how heavy tails are, with the excess kurtosis: `heavy, 4.12`."""
    if kurtosis is None:
        return NOTHING
    word = "light" if kurtosis < LIGHT else "usual" if kurtosis < HEAVY else "heavy"
    return say(f"figures.weight.{word}", kurtosis=_decimals(kurtosis))


def variety(entropy: float | None) -> str:
    """Return the number of equally frequent values of the same entropy (in bits): `4.3 values`."""
    if entropy is None:
        return NOTHING
    values = short_number(2**entropy, 3)
    return say("nouns.value", 1 if values == "1" else None, n=values)


def _decimals(value: float) -> str:
    """Format a figure without a unit: with two decimals, as a correlation, unless it is large."""
    return coefficient(value) if abs(value) < LARGE else short_number(value, 3)


def strength(information: float) -> float:
    """Return a mutual information in nats as the correlation, 0 to 1, of two normal variables that have as much.

    Linfoot, "An informational measure of correlation", Information and Control 1 (1957).
    """
    return sqrt(max(0.0, 1 - exp(-2 * information)))
