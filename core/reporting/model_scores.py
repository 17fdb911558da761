"""How good a model is: its metrics beside those of the mean, its folds, and the coverage of its intervals."""

from math import ceil

from core.model_manifest import Metrics, ModelManifest
from core.reporting.distributions import value_bars
from core.reporting.explanations import METRICS
from core.reporting.formatting import NOTHING, counted, score, short_number
from core.reporting.html import Content, Markup, element, scrolled
from core.reporting.svg import bar
from core.reporting.words import say
from core.shares import share
from core.types import Json

# The intervals whose coverage is shown, and how few rows of the holdout say nothing of it.
LEVELS = (0.5, 0.8, 0.9, 0.95)
FEWEST_ROWS = 20


def scores_section(manifest: ModelManifest) -> Markup:
    """Return a table of the metrics, and the score of each fold."""
    sides: dict[str, Metrics] = {
        "holdout": manifest.metrics,
        "train": manifest.train_metrics,
        "mean": manifest.baseline.metrics if manifest.baseline else {},
    }
    shown = {name: metrics for name, metrics in sides.items() if metrics}
    head = (element("th", say(f"scores.{side}"), scope="col", class_="number") for side in shown)
    lines = (
        element(
            "tr",
            element("th", say(f"metrics.{metric}.name"), scope="row"),
            *(element("td", _written(metric, metrics.get(metric)), class_="number") for metrics in shown.values()),
            element("td", say(f"metrics.{metric}.meaning"), class_="meaning"),
        )
        for metric in METRICS
        if any(metrics.get(metric) is not None for metrics in shown.values())
    )
    first, last = element("th", say("scores.metric"), scope="col"), element("th", say("scores.meaning"))
    table = element("table", element("thead", element("tr", first, *head, last)), element("tbody", *lines))
    return element(
        "section",
        element("h2", say("sections.scores")),
        element("p", say("scores.note"), class_="note"),
        element("div", scrolled(say("sections.scores"), table), _folds(manifest), class_="stacked"),
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
        (say("scores.fold", n=number), bar(min(max(r2, 0.0), 1.0)), score(r2), None)
        for number, r2 in enumerate(found.scores, 1)
    ]
    words = say("scores.meanOf", mean=score(found.mean))
    if len(found.scores) > 1:
        words += say("scores.spread", std=score(found.std))
    return element(
        "article",
        element("header", element("h3", say("scores.folds")), element("span", words, class_="kind")),
        value_bars(lines, "few"),
        class_="card",
    )


def intervals_section(manifest: ModelManifest, plots: Json) -> Markup | None:
    """Return how wide the intervals are and how many rows of the holdout lie inside; None where there are none.

    Adaptive intervals differ from row to row: their widths are not known here.
    """
    heading = element("h2", say("sections.intervals"))
    if manifest.spread_quantiles:
        return element("section", heading, element("p", say("intervals.adaptive"), class_="note"), id="intervals")
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
    heads = [say(f"intervals.{head}") for head in ("interval", "width", "inside")]
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
    note = say("intervals.note", rows=counted(len(distances), "row"))
    return element(
        "section",
        heading,
        element("p", note, class_="note"),
        scrolled(say("sections.intervals"), table, class_="narrow"),
        id="intervals",
    )
