"""Pictures of many columns at once: correlations and missing values."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

from core.reporting.distributions import value_bars
from core.reporting.formatting import coefficient, count, counted, width
from core.reporting.html import Content, Markup, element, folded, isolated, scrolled
from core.reporting.names import short_names, told_apart
from core.reporting.svg import rounded, signed_bar
from core.reporting.words import listing, say
from core.shares import share
from core.types import Json

Matrix = list[list[float | None]]

# Widths of a cell in pixels, for at most so many columns; cells of at least `NUMBERED` show numbers.
CELLS = ((8, 64), (12, 52), (20, 40), (32, 36), (50, 20), (100, 14))
NUMBERED = 36
# The profile correlates so many columns.
MOST_COLUMNS = 100
CORRELATED = ("integer", "number", "boolean")
# So many of the columns without a place in the map are named at once.
NAMED = 8
# Labels above cells of this width are tilted, above narrower ones they are vertical.
TILTED = 30
LABEL_CHARACTERS, ROW_CHARACTERS = 18, 24
# The approximate width of a letter of a label.
LETTER = 7
# The pixels that a map has on a printed page, and those of its row labels and margins there.
PAPER_WIDTH, PAPER_HEIGHT, ROW_LABELS = 690, 820, 190
# Shades of each colour: the further a coefficient is from 0, the darker its cell.
SHADES = 10
# How many of the strongest pairs are listed, unless they are weak.
PAIRS_SHOWN, LEAST_CORRELATION = 8, 0.2
PAIR_CHARACTERS = 22
# Columns with gaps: how many are on the page, and how many of those are not folded.
STRIPS_SHOWN, STRIPS_OPEN = 60, 12
STRIP_CHARACTERS = 40


def correlations_section(correlations: Json, columns: Mapping[str, Json], target: Json | None) -> Markup | None:
    """Return a heat map, Pearson's coefficients below the diagonal and Spearman's above, and the strongest pairs.

    The profile correlates the first columns only; the target is always among those that are drawn.
    """
    correlations = with_target(correlations, target)
    names: list[str] = correlations["columns"]
    if len(names) < 2:
        return None
    note = say("correlations.note")
    if any(value is None for row in correlations["pearson"] for value in row):
        note += say("correlations.constant")
    chosen = None if target is None else target["target"]
    return element(
        "section",
        element("h2", say("sections.correlations")),
        element("p", note, class_="note"),
        _legend(),
        element(
            "div",
            element(
                "div",
                _heat_map(names, correlations["pearson"], correlations["spearman"], chosen),
                _left_out(names, columns),
                class_="map-and-rest",
            ),
            _strongest(names, correlations["pearson"]),
            class_="map-and-pairs",
        ),
        id="correlations",
    )


def with_target(correlations: Json, target: Json | None) -> Json:
    """Return the correlations with the target among them, in the place of the last column where there are too many."""
    names: list[str] = correlations["columns"]
    if target is None or target["target"] in names:
        return correlations
    names = names[: MOST_COLUMNS - 1]
    related = [target["relations"].get(name, {}) for name in names]
    matrices = {
        kind: [
            *([*row[: len(names)], relation.get(kind)] for row, relation in zip(rows, related, strict=False)),
            [*(relation.get(kind) for relation in related), 1.0],
        ]
        for kind, rows in ((kind, correlations[kind]) for kind in ("pearson", "spearman"))
    }
    return {**correlations, "columns": [*names, target["target"]], **matrices}


def _left_out(names: list[str], columns: Mapping[str, Json]) -> Markup | None:
    """Say which columns are not in the map, and why; None where all are."""
    drawn = set(names)
    others = [name for name in columns if name not in drawn]
    if not others:
        return None
    beyond = [name for name in others if columns[name]["type"] in CORRELATED]
    unordered = [name for name in others if columns[name]["type"] not in CORRELATED]
    said = (
        element(
            "div",
            say(f"correlations.{reason}", columns=counted(len(group), "column"), most=MOST_COLUMNS),
            _enumerated(group),
        )
        for reason, group in (("beyond", beyond), ("unordered", unordered))
        if group
    )
    return element("div", *said, class_="caption")


def _enumerated(names: list[str]) -> Content:
    """Return names after each other and the full stop, all but the first ones folded."""
    pieces = listing(map(isolated, names))
    if len(names) <= NAMED + 1:
        return [*pieces, say("stop")]
    rest = element("summary", say("andMore", n=count(len(names) - NAMED)))
    return [*pieces[:NAMED], element("details", rest, element("span", *pieces[NAMED:], say("stop")), class_="inline")]


def _legend() -> Markup:
    """Return the legend of the colours."""
    ramp = element("i", class_="ramp")
    return element("p", "−1", ramp, "+1", class_="legend", role="img", aria_label=say("correlations.legend"))


def _heat_map(names: list[str], pearson: Matrix, spearman: Matrix, target: str | None) -> Markup:
    """Draw a square for each pair of columns, shaded by its correlation."""
    side = next(cell for most, cell in CELLS if len(names) <= most)
    tilted = side >= TILTED
    labels = told_apart(names, LABEL_CHARACTERS)
    top = LETTER * (max(map(width, labels)) + 2)
    if tilted:
        top = round(0.75 * top)
    cells = [
        (row, column, value)
        for row in range(len(names))
        for column in range(len(names))
        if row != column and (value := (pearson if row > column else spearman)[row][column]) is not None
    ]
    extent = len(names) * side
    # A tilted label extends to the right.
    whole = extent + (top if tilted else 0)
    drawing = element(
        "svg",
        element("g", *_squares(cells), transform=f"translate(0 {top}) scale({side})"),
        _numbers(cells, side, top) if side >= NUMBERED else None,
        _top_labels(labels, side, top, -45 if tilted else -90),
        width=whole,
        height=extent + top,
        role="img",
        aria_label=say("correlations.map", n=count(len(names))),
    )
    items = zip(names, short_names(names, ROW_CHARACTERS), strict=True)
    rows = element(
        "ol",
        *(element("li", shown, class_="target" if name == target else None) for name, shown in items),
        aria_hidden="true",
    )
    fit = min(1.0, PAPER_WIDTH / (whole + ROW_LABELS), PAPER_HEIGHT / (extent + top))
    style = f"--cell:{side}px;--top:{top}px;--fit:{rounded(fit)}"
    return scrolled(say("sections.correlations"), element("div", rows, drawing, class_="map", style=style))


def _squares(cells: list[tuple[int, int, float]]) -> Iterator[Markup]:
    """Draw all cells of one shade as one path, so that ten thousand cells take a few kilobytes."""
    paths: dict[tuple[str, int], list[str]] = defaultdict(list)
    for row, column, value in cells:
        paths["positive" if value >= 0 else "negative", _shade(value)].append(f"M{column} {row}h.96v.96h-.96z")
    for (sign, shade), path in sorted(paths.items()):
        yield element("path", d="".join(path), class_=sign, fill_opacity=rounded(max(shade, 0.4) / SHADES))


def _numbers(cells: list[tuple[int, int, float]], side: int, top: int) -> Markup:
    """Write the coefficients into the cells."""
    texts = (
        element(
            "text",
            coefficient(value),
            x=rounded((column + 0.48) * side),
            y=rounded((row + 0.48) * side + top),
            class_=shade_ink(_shade(value)),
        )
        for row, column, value in cells
    )
    return element("g", *texts, class_="small" if side < 40 else "coefficients")


def shade_ink(shade: int) -> str:
    """Return the colour of text on a shade that is readable in light and in dark mode."""
    return "bright" if shade <= 5 else "black" if shade <= 8 else "paper"


def _shade(value: float) -> int:
    """Return the shade of a correlation, 0 to `SHADES`."""
    return round(SHADES * abs(value))


def _top_labels(labels: list[str], side: int, top: int, angle: int) -> Markup:
    """Write the names of the columns above the map."""
    texts = (
        element("text", label, transform=f"translate({rounded((column + 0.5) * side)} {top - 8}) rotate({angle})")
        for column, label in enumerate(labels)
    )
    return element("g", *texts, class_="names")


def _strongest(names: list[str], pearson: Matrix) -> Markup | None:
    """Draw a bar for each of the strongest correlations; None where there is none."""
    pairs = [
        (value, names[first], names[second])
        for first, second in combinations(range(len(names)), 2)
        if (value := pearson[first][second]) is not None and abs(value) >= LEAST_CORRELATION
    ]
    pairs.sort(key=lambda pair: -abs(pair[0]))
    if not pairs or len(names) < 4:
        return None
    shown = dict(zip(names, short_names(names, PAIR_CHARACTERS), strict=True))
    rows = (
        ([shown[first], element("br"), shown[second]], signed_bar(value), coefficient(value), None)
        for value, first, second in pairs[:PAIRS_SHOWN]
    )
    return element("div", element("h3", say("correlations.strongest")), value_bars(rows, "two"), class_="pairs")


def missing_section(missingness: Json, columns: Mapping[str, Json], rows: int) -> Markup | None:
    """Draw where values are missing: a strip for each column with missing values, the first rows on its left."""
    shares: dict[str, list[float]] = missingness["columns"]
    if not shares:
        return None
    by_missing = sorted(shares, key=lambda name: -columns[name]["missing"])[:STRIPS_SHOWN]
    strips = [
        (shown, _strip(name, shares[name]), share(columns[name]["missing"], rows), None)
        for name, shown in zip(by_missing, short_names(by_missing, STRIP_CHARACTERS), strict=True)
    ]
    note = say("missing.note")
    if len(shares) > STRIPS_SHOWN:
        note += say("missing.some", shown=STRIPS_SHOWN, all=count(len(shares)))
    return element(
        "section",
        element("h2", say("missing.title")),
        element("p", note, class_="note"),
        value_bars(strips[:STRIPS_OPEN], "wide gaps"),
        folded(say("missing.fewer", n=count(len(strips) - STRIPS_OPEN)), value_bars(strips[STRIPS_OPEN:], "wide gaps"))
        if len(strips) > STRIPS_OPEN
        else None,
        id="missing",
    )


def _strip(name: str, shares: list[float]) -> Markup:
    """Draw one column from its first rows on the left to its last on the right, dark where values are missing."""
    width = 100 / len(shares)
    blocks = (
        element(
            "rect",
            x=rounded(block * width),
            width=rounded(width),
            height=100,
            fill_opacity=rounded(0.2 + 0.8 * share_missing),
        )
        for block, share_missing in enumerate(shares)
        if share_missing
    )
    label = say("missing.strip", name=name, share=share(sum(shares), len(shares)))
    return element(
        "svg", *blocks, role="img", aria_label=label, class_="gap", viewBox="0 0 100 100", preserveAspectRatio="none"
    )
