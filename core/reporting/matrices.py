"""Pictures of many columns at once: correlations and missing values."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

from core.reporting.distributions import value_bars
from core.reporting.formatting import coefficient, count, share, shortened
from core.reporting.html import Markup, element, isolated, scrolled
from core.reporting.svg import rounded, signed_bar
from core.types import Json

Matrix = list[list[float | None]]

# Widths of a cell in pixels, for at most so many columns; cells of at least `NUMBERED` show numbers.
CELLS = ((8, 64), (12, 52), (20, 40), (32, 30), (50, 20), (100, 14))
NUMBERED = 30
# Labels above cells of this width are tilted, above narrower ones they are vertical.
TILTED = 30
LABEL_CHARACTERS = 18
# The approximate width of a letter of a label.
LETTER = 7
# Shades of each colour: the further a coefficient is from 0, the darker its cell.
SHADES = 10
# How many of the strongest pairs are listed, unless they are weak.
PAIRS_SHOWN, LEAST_CORRELATION = 8, 0.2
STRIPS_SHOWN = 60


def correlations_section(correlations: Json) -> Markup | None:
    """Return a heat map, Pearson's coefficients below the diagonal and Spearman's above, and the strongest pairs."""
    names: list[str] = correlations["columns"]
    if len(names) < 2:
        return None
    note = (
        "Below the diagonal Pearson’s correlation (how well a straight line fits), above it Spearman’s "
        "(how well any rising or falling line fits)."
    )
    if any(value is None for row in correlations["pearson"] for value in row):
        note += " A column that does not vary has none."
    return element(
        "section",
        element("h2", "Correlations"),
        element("p", note, class_="note"),
        _legend(),
        element(
            "div",
            _heat_map(names, correlations["pearson"], correlations["spearman"]),
            _strongest(names, correlations["pearson"]),
            class_="map-and-pairs",
        ),
        id="correlations",
    )


def _legend() -> Markup:
    """Return the legend of the colours."""
    ramp = element("i", class_="ramp")
    return element("p", "−1", ramp, "+1", class_="legend", role="img", aria_label="From −1, orange, to +1, blue")


def _heat_map(names: list[str], pearson: Matrix, spearman: Matrix) -> Markup:
    """Draw a square for each pair of columns, shaded by its correlation."""
    side = next(width for most, width in CELLS if len(names) <= most)
    tilted = side >= TILTED
    labels = [shortened(name, LABEL_CHARACTERS) for name in names]
    top = LETTER * (max(map(len, labels)) + 2)
    if tilted:
        top = round(0.75 * top)
    cells = [
        (row, column, value)
        for row in range(len(names))
        for column in range(len(names))
        if row != column and (value := (pearson if row > column else spearman)[row][column]) is not None
    ]
    extent = len(names) * side
    drawing = element(
        "svg",
        element("g", *_squares(cells), transform=f"translate(0 {top}) scale({side})"),
        _numbers(cells, side, top) if side >= NUMBERED else None,
        _top_labels(labels, side, top, -45 if tilted else -90),
        # A tilted label extends to the right.
        width=extent + (top if tilted else 0),
        height=extent + top,
        role="img",
        aria_label=f"Correlations of {count(len(names))} columns with each other. GET /data/profile has every number.",
    )
    rows = element("ol", *(element("li", isolated(name)) for name in names), aria_hidden="true")
    style = f"--cell:{side}px;--top:{top}px"
    return scrolled("Correlations", element("div", rows, drawing, class_="map", style=style))


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
            coefficient(value).replace("0.", "."),
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
    rows = (
        ([isolated(first), element("br"), isolated(second)], signed_bar(value), coefficient(value), None)
        for value, first, second in pairs[:PAIRS_SHOWN]
    )
    return element("div", element("h3", "Strongest pairs"), value_bars(rows, "two"), class_="pairs")


def missing_section(missingness: Json, columns: Mapping[str, Json], rows: int) -> Markup | None:
    """Draw where values are missing: a strip for each column with missing values, the first rows on its left."""
    shares: dict[str, list[float]] = missingness["columns"]
    if not shares:
        return None
    by_missing = sorted(shares, key=lambda name: -columns[name]["missing"])
    strips = (
        (isolated(name), _strip(name, shares[name]), share(columns[name]["missing"], rows), None)
        for name in by_missing[:STRIPS_SHOWN]
    )
    note = "From the first row of the file on the left to the last on the right; the darker, the more is missing."
    if len(shares) > STRIPS_SHOWN:
        note += f" The {STRIPS_SHOWN} columns with the most gaps, of {count(len(shares))} that have some."
    return element(
        "section",
        element("h2", "Missing values"),
        element("p", note, class_="note"),
        value_bars(strips, "wide gaps"),
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
    label = f"Missing values of {name} from the first row to the last: {share(sum(shares), len(shares))} of them."
    return element(
        "svg", *blocks, role="img", aria_label=label, class_="gap", viewBox="0 0 100 100", preserveAspectRatio="none"
    )
