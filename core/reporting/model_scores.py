"""How good a model is: its metrics beside those of the mean, its folds, and the coverage of its intervals."""

from math import ceil

from core.model_manifest import Metrics, ModelManifest
from core.reporting.distributions import value_bars
from core.reporting.explanations import METRICS
from core.reporting.formatting import NOTHING, counted, score, short_number
from core.reporting.html import Content, Markup, element, scrolled
from core.reporting.svg import bar
from core.shares import share
from core.types import Json

# The intervals whose coverage is shown, and how few rows of the holdout say nothing of it.
LEVELS = (0.5, 0.8, 0.9, 0.95)
FEWEST_ROWS = 20
ADAPTIVE = (
    "The interval of a row is as wide as the errors of rows like it spread, which the model has learned from its "
    "folds: where it errs little the bounds are close, and an interval of 90% still holds nine of ten true values. "
    "Ask for one with the prediction."
)


def scores_section(manifest: ModelManifest) -> Markup:
    """Return a table of the metrics, and the score of each fold."""
    sides: dict[str, Metrics] = {
        "Holdout": manifest.metrics,
        "Train rows": manifest.train_metrics,
        "Mean": manifest.baseline.metrics if manifest.baseline else {},
    }
    shown = {name: metrics for name, metrics in sides.items() if metrics}
    head = (element("th", name, scope="col", class_="number") for name in shown)
    lines = (
        element(
            "tr",
            element("th", words, scope="row"),
            *(element("td", _written(metric, metrics.get(metric)), class_="number") for metrics in shown.values()),
            element("td", meaning, class_="meaning"),
        )
        for metric, (words, meaning) in METRICS.items()
        if any(metrics.get(metric) is not None for metrics in shown.values())
    )
    table = element(
        "table",
        element("thead", element("tr", element("th", "Metric", scope="col"), *head, element("th", "What it is"))),
        element("tbody", *lines),
    )
    note = (
        "The holdout are rows that no fold and no fit has seen. A model that is much better on its train rows has "
        "learned them by heart. The last column of figures is a prediction of the mean for every row."
    )
    return element(
        "section",
        element("h2", "Scores"),
        element("p", note, class_="note"),
        element("div", scrolled("Scores", table), _folds(manifest), class_="stacked"),
        id="scores",
    )


def _written(metric: str, value: float | None) -> str:
    """Return a metric: R2 with three decimals, MAPE in percent, the others in units of the target."""
    if metric == "r2":
        return score(value)
    return share(value, 1) if metric == "mape" and value is not None else short_number(value)


def _folds(manifest: ModelManifest) -> Markup:
    """Draw the R2 of each fold."""
    found = manifest.cross_validation
    lines: list[tuple[Content, Content, str, str | None]] = [
        (f"Fold {number}", bar(min(max(r2, 0.0), 1.0)), score(r2), None) for number, r2 in enumerate(found.scores, 1)
    ]
    words = f"mean {score(found.mean)}"
    if len(found.scores) > 1:
        words += f", give or take {score(found.std)}"
    return element(
        "article",
        element("header", element("h3", "R2 of each fold"), element("span", words, class_="kind")),
        value_bars(lines, "few"),
        class_="card",
    )


def intervals_section(manifest: ModelManifest, plots: Json) -> Markup | None:
    """Return how wide the intervals are and how many rows of the holdout lie inside; None where there are none.

    Adaptive intervals differ from row to row: their widths are not known here.
    """
    if manifest.spread_quantiles:
        return element("section", element("h2", "Intervals"), element("p", ADAPTIVE, class_="note"), id="intervals")
    quantiles, rows = manifest.interval_quantiles, manifest.dataset.rows_train
    points = plots.get("predicted_vs_actual") or {}
    distances = [abs(a - p) for a, p in zip(points.get("actual", []), points.get("predicted", []), strict=False)]
    lines = []
    for level in LEVELS:
        reach = ceil((rows + 1) * level - 1e-9) / rows
        if not quantiles or reach > 1:
            continue
        half_width = quantiles[ceil(reach * (len(quantiles) - 1) - 1e-9)]
        inside = sum(distance <= half_width for distance in distances)
        covered = share(inside, len(distances)) if len(distances) >= FEWEST_ROWS else NOTHING
        cells = (f"± {short_number(half_width)}", covered)
        lines.append(
            element(
                "tr",
                element("th", f"{level:.0%}", scope="row"),
                *(element("td", cell, class_="number") for cell in cells),
            )
        )
    if not lines:
        return None
    heads = ("Interval", "Width", "Holdout inside")
    table = element(
        "table",
        element(
            "thead",
            element(
                "tr",
                *(element("th", head, scope="col", class_="number" if at else None) for at, head in enumerate(heads)),
            ),
        ),
        element("tbody", *lines),
    )
    note = (
        "An interval of 90% is made to hold nine of ten true values. Its width comes from the errors of the folds; how "
        f"many of {counted(len(distances), 'row')} of the holdout lie inside shows whether it keeps its word."
    )
    return element(
        "section",
        element("h2", "Intervals"),
        element("p", note, class_="note"),
        scrolled("Intervals", table, class_="narrow"),
        id="intervals",
    )
