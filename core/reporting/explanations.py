"""Statistics in plain words: what a number of bits, a kurtosis or a mutual information means for a reader."""

from math import exp, sqrt

from core.reporting.formatting import NOTHING, coefficient, counted, short_number
from core.reporting.html import Markup, definition_list, element

# A skew of less is hardly seen. The kurtosis is 0 for the normal distribution.
LEVEL = 0.5
LIGHT, HEAVY = -1.0, 1.0
LARGE = 10.0
# By the name of a metric what people call it, and what it is.
METRICS = {
    "r2": ("R2", "the share of the target's variance that the model explains"),
    "rmse": ("RMSE", "the root of the mean squared error, which large errors dominate"),
    "mae": ("MAE", "the mean distance from the true value"),
    "median_ae": ("Median error", "half of the rows are nearer to their true value"),
    "mape": ("MAPE", "the mean distance as a fraction of the true value"),
}
EXPLANATIONS = (
    ("Outliers", "values more than one and a half times the width of the middle half away from it"),
    ("Skew", "which side has the longer tail: more than 0 the side of large values, less than 0 that of small ones"),
    (
        "Tails",
        "how often values are far out (kurtosis): 0 as in the normal distribution, light tails less often, heavy ones "
        "more often",
    ),
    (
        "Variety",
        "how many equally frequent values would be as hard to guess (from the entropy): near 1 where one value is "
        "nearly everywhere, as many as there are distinct ones where all are equally frequent",
    ),
    ("Length", "the mean number of characters"),
)


def explanations() -> Markup:
    """Return what the figures on the cards mean, which a reader unfolds."""
    summary = element("summary", "What the figures mean")
    return element("details", summary, definition_list(EXPLANATIONS), class_="more words")


def leaning(skew: float | None) -> str:
    """Say which tail is longer, with the skew: `right, 2.31`."""
    if skew is None:
        return NOTHING
    return f"{'even' if abs(skew) < LEVEL else 'right' if skew > 0 else 'left'}, {_decimals(skew)}"


def tails(kurtosis: float | None) -> str:
    """Say how heavy tails are, with the excess kurtosis: `heavy, 4.12`."""
    if kurtosis is None:
        return NOTHING
    word = "light" if kurtosis < LIGHT else "usual" if kurtosis < HEAVY else "heavy"
    return f"{word}, {_decimals(kurtosis)}"


def variety(entropy: float | None) -> str:
    """Return the number of equally frequent values of the same entropy (in bits): `4.3 values`."""
    if entropy is None:
        return NOTHING
    values = short_number(2**entropy, 3)
    return counted(1, "value") if values == "1" else f"{values}\u00a0values"


def _decimals(value: float) -> str:
    """Format a figure without a unit: with two decimals, as a correlation, unless it is large."""
    return coefficient(value) if abs(value) < LARGE else short_number(value, 3)


def strength(information: float) -> float:
    """Return a mutual information in nats as the correlation, 0 to 1, of two normal variables that have as much.

    Linfoot, "An informational measure of correlation", Information and Control 1 (1957).
    """
    return sqrt(max(0.0, 1 - exp(-2 * information)))
