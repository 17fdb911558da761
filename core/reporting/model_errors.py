"""Where a model errs: predicted against actual, its residuals, and the error in segments of the holdout."""

from collections.abc import Sequence

from core.model_manifest import ModelManifest
from core.reporting.distributions import histogram_bars, value_bars
from core.reporting.formatting import count, counted, date, short_number
from core.reporting.html import Content, Markup, element, folded, isolated
from core.reporting.names import names_of_bars
from core.reporting.scales import Scale, Ticks
from core.reporting.svg import axis, bar, columns, horizontal_line, rounded, stretched, vertical_line
from core.reporting.units import with_unit
from core.reporting.words import say, say_with
from core.types import Json

# Beside the extent of the points, as a fraction of it.
MARGIN = 0.04
# The columns that matter most come first; the segments of others are folded.
COLUMNS_SHOWN = 3


def errors_section(target: str, plots: Json) -> Markup | None:
    """Return predicted against actual, residuals along the prediction, and their histogram; None without any."""
    points = plots.get("predicted_vs_actual") or {}
    actual, predicted = points.get("actual") or [], points.get("predicted") or []
    residuals = plots.get("residuals")
    panels = [
        *([_predicted_against_actual(actual, predicted), _residuals_along(actual, predicted)] if actual else []),
        *([_histogram(residuals)] if isinstance(residuals, dict) else []),
    ]
    if not panels:
        return None
    note = say_with("errors.note", target=isolated(target))
    return element(
        "section",
        element("h2", say("sections.errors")),
        element("p", *note, class_="note"),
        element("div", *panels, class_="cards"),
        id="errors",
    )


def _predicted_against_actual(actual: Sequence[float], predicted: Sequence[float]) -> Markup:
    """Draw a point for each row; on the dashed line the prediction is right."""
    scale = _scale([*actual, *predicted])
    label = say("errors.againstLabel", rows=counted(len(actual), "row"))
    diagonal = element("line", x1=0, y1=100, x2=100, y2=0, class_="mean")
    points = [(scale.share(x), scale.share(y)) for x, y in zip(actual, predicted, strict=True)]
    drawn = _scatter(label, points, scale.ticks(), scale.ticks(), scale, scale, diagonal)
    return _panel(say("errors.against"), drawn, say("errors.againstNote"))


def _residuals_along(actual: Sequence[float], predicted: Sequence[float]) -> Markup:
    """Draw the residual of each row along its prediction."""
    residuals = [a - p for a, p in zip(actual, predicted, strict=True)]
    across, up = _scale(predicted), _scale([*residuals, 0.0])
    label = say("errors.alongLabel", rows=counted(len(actual), "row"))
    points = [(across.share(x), up.share(y)) for x, y in zip(predicted, residuals, strict=True)]
    zero = horizontal_line(100 - 100 * up.share(0.0), "mean")
    drawn = _scatter(label, points, across.ticks(), up.ticks(), across, up, zero)
    return _panel(say("errors.along"), drawn, say("errors.alongNote"))


def _histogram(residuals: Json) -> Markup:
    """Draw the histogram of all residuals of the holdout."""
    edges, counts = residuals["edges"], residuals["counts"]
    scale = Scale(edges[0], edges[-1])
    label = say("errors.histogramLabel", low=short_number(edges[0]), high=short_number(edges[-1]))
    drawn = stretched(
        label,
        columns(histogram_bars(edges, counts, scale), "bars"),
        vertical_line(100 * scale.share(0.0), "median") if edges[0] <= 0 <= edges[-1] else None,
        class_="histogram tall",
    )
    mean, std = short_number(residuals["mean"], 3), short_number(residuals["std"])
    ticks = axis((scale.share(value), text) for value, text in scale.ticks())
    return _panel(say("errors.histogram"), [drawn, ticks], say("errors.histogramNote", mean=mean, std=std))


def _panel(title: str, drawn: Content, caption: str) -> Markup:
    return element("article", element("h4", title), drawn, element("p", caption, class_="caption"), class_="panel")


def _scale(values: Sequence[float]) -> Scale:
    low, high = min(values), max(values)
    margin = MARGIN * (high / 2 - low / 2) * 2
    return Scale(low - margin, high + margin)


def _scatter(
    label: str,
    points: Sequence[tuple[float, float]],
    across: Ticks,
    up: Ticks,
    scale: Scale,
    heights: Scale,
    line: Markup,
) -> Markup:
    """Draw points, each by its shares of the width and of the height, with both axes and a line."""
    levels = [(100 - 100 * heights.share(value), text) for value, text in up]
    drawing = stretched(
        label,
        (horizontal_line(height, "grid") for height, _ in levels),
        element(
            "path", d="".join(f"M{rounded(100 * x)} {rounded(100 - 100 * y)}h0" for x, y in points), class_="points"
        ),
        line,
        class_="graph tall",
    )
    texts = (element("span", text, style=f"top:{rounded(height)}%") for height, text in levels)
    return element(
        "div",
        element("div", *texts, class_="heights", aria_hidden="true"),
        drawing,
        axis((scale.share(value), text) for value, text in across),
        class_="axes",
    )


def segments_section(segments: Sequence[Json], manifest: ModelManifest) -> Markup | None:
    """Draw the mean absolute error in segments of the prediction and of some columns; None where none were stored."""
    if not segments:
        return None
    units = {feature.name: feature.unit for feature in manifest.features}
    worst = max(segment["mae"] for entry in segments for segment in entry["segments"]) or 1.0
    panels = [_segments_of(entry, worst, units.get(entry["feature"])) for entry in segments]
    rest = panels[COLUMNS_SHOWN:]
    note = say("segments.note")
    return element(
        "section",
        element("h2", say("segments.title")),
        element("p", note, class_="note"),
        element("div", *panels[:COLUMNS_SHOWN], class_="cards"),
        folded(say("segments.less", n=count(len(rest))), element("div", *rest, class_="cards"), class_="more")
        if rest
        else None,
        id="segments",
    )


def _segments_of(entry: Json, worst: float, unit: str | None) -> Markup:
    """Return the panel of a column, each segment with its name on a line of its own."""
    parts = entry["segments"]
    levels = [part["value"] for part in parts if part["kind"] == "level"]
    names, _ = names_of_bars(levels)
    shown = dict(zip(levels, names, strict=True))
    rows = (
        (
            [_segment_name(part, shown, unit), " ", element("small", counted(part["rows"], "row"))],
            bar(part["mae"] / worst),
            f"{short_number(part['mae'])} {_leaning(part)}",
            None,
        )
        for part in parts
    )
    name = say("segments.prediction") if entry["feature"] is None else isolated(entry["feature"])
    return element("article", element("h4", name), value_bars(rows, "alike"), class_="panel")


def _segment_name(segment: Json, levels: dict[str, Markup], unit: str | None) -> Content:
    """Return the name of a segment: its level, or its range in the unit of the column."""
    if segment["kind"] == "level":
        return levels[segment["value"]]
    if segment["kind"] != "range":
        return say(f"segments.{segment['kind']}")
    ends = segment["low"], segment["high"]
    if isinstance(ends[0], str):
        return say("segments.range", low=date(ends[0]), high=date(ends[1]))
    ((_, last),) = with_unit([(1.0, short_number(ends[1]))], {"unit": unit} if unit else {})
    return say("segments.range", low=short_number(ends[0]), high=last)


def _leaning(segment: Json) -> str:
    """Return the sign of the mean error where it is a large part of the whole error."""
    if abs(segment["mean_error"]) < segment["mae"] / 2:
        return ""
    return "(+)" if segment["mean_error"] > 0 else "(−)"
