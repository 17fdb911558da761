"""Draw the few SVG shapes that all plots consist of. Plots stretch to their width; labels keep their size."""

from collections.abc import Iterable

from core.reporting.html import Content, Markup, element

# The least width of a bar in percent, so that a small share is visible.
LEAST_WIDTH = 0.5
# Labels nearer to an end than this are kept inside.
EDGE = 0.06


def stretched(label: str, *shapes: Content, class_: str) -> Markup:
    """Return a picture in a square of 100 x 100, y downwards, which CSS stretches to any width and height."""
    return element(
        "svg",
        *shapes,
        role="img",
        aria_label=label,
        class_=class_,
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
    )


def columns(bars: Iterable[tuple[float, float, float]], class_: str) -> Markup:
    """Draw bars from the bottom of the square as one path: `(left, right, height)`, each from 0 to 100."""
    path = (f"M{rounded(left)} 100V{rounded(100 - height)}H{rounded(right)}V100z" for left, right, height in bars)
    return element("path", d="".join(path), class_=class_)


def vertical_line(x: float, class_: str) -> Markup:
    """Draw a vertical line across the square."""
    return element("line", x1=rounded(x), x2=rounded(x), y1=0, y2=100, class_=class_)


def horizontal_line(y: float, class_: str) -> Markup:
    """Draw a horizontal line across the square."""
    return element("line", x1=0, x2=100, y1=rounded(y), y2=rounded(y), class_=class_)


def bar(share: float, class_: str | None = None) -> Markup:
    """Draw a bar over a share of the width, from 0 to 1; screen readers read the number beside it instead."""
    drawn = _bar_shape(0, max(100 * share, LEAST_WIDTH), class_)
    return element("svg", drawn, class_="bar", aria_hidden="true")


def signed_bar(coefficient: float | None) -> Markup | None:
    """Draw a bar from the middle to the right for a positive coefficient, to the left for a negative one."""
    if coefficient is None:
        return None
    return bar_between(0.5, 0.5 + coefficient / 2, "positive" if coefficient >= 0 else "negative")


def bar_between(start: float, end: float, class_: str | None = None) -> Markup:
    """Draw a bar from one position to another, and a line where it starts."""
    drawn = _bar_shape(100 * min(start, end), 100 * abs(end - start), class_)
    line = element("line", x1=f"{rounded(100 * start)}%", x2=f"{rounded(100 * start)}%", y1=0, y2="100%")
    return element("svg", drawn, line, class_="bar", aria_hidden="true")


def _bar_shape(x: float, width: float, class_: str | None) -> Markup:
    """Draw the rectangle of a bar, from `x` and of a `width` in percent."""
    return element("rect", x=f"{rounded(x)}%", width=f"{rounded(width)}%", y="25%", height="50%", class_=class_)


def axis(ticks: Iterable[tuple[float, str]]) -> Markup:
    """Draw labels below a picture: `(share of the width, text)`."""
    labels = (
        element("span", text, class_="start")
        if share < EDGE
        else element("span", text, class_="end")
        if share > 1 - EDGE
        else element("span", text, style=f"left:{rounded(100 * share)}%")
        for share, text in ticks
    )
    return element("div", *labels, class_="axis", aria_hidden="true")


def rounded(value: float) -> str:
    """Format a coordinate or an opacity with as few digits as are visible."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
