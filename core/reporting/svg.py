"""The few shapes that every plot is drawn with. Plots stretch to the width they get; what is written stays as it is."""

from collections.abc import Iterable

from core.reporting.html import Content, Markup, element

# In percent: what is there is seen, however little it is.
LEAST_WIDTH = 0.5
# Labels nearer to an end than this stay within it.
EDGE = 0.06


def stretched(label: str, *shapes: Content, class_: str) -> Markup:
    """A picture in a square of 100 x 100, y downwards, that CSS pulls to any width and height."""
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
    """Bars that stand on the bottom of the square, as one path: `(left, right, height)`, each from 0 to 100."""
    path = (f"M{n(left)} 100V{n(100 - height)}H{n(right)}V100z" for left, right, height in bars)
    return element("path", d="".join(path), class_=class_)


def upright(x: float, class_: str) -> Markup:
    """A line from the top of the square to its bottom."""
    return element("line", x1=n(x), x2=n(x), y1=0, y2=100, class_=class_)


def level(y: float, class_: str) -> Markup:
    """A line from the left of the square to its right."""
    return element("line", x1=0, x2=100, y1=n(y), y2=n(y), class_=class_)


def bar(share: float, class_: str | None = None) -> Markup:
    """A bar over a share of the width, from 0 to 1. Whoever cannot see it has the number beside it."""
    drawn = _thick(0, max(100 * share, LEAST_WIDTH), class_)
    return element("svg", drawn, class_="bar", aria_hidden="true")


def signed_bar(coefficient: float | None) -> Markup | None:
    """A bar from the middle to the right for a positive coefficient, to the left for a negative one."""
    if coefficient is None:
        return None
    return bar_from(0.5, 0.5 + coefficient / 2, "positive" if coefficient >= 0 else "negative")


def bar_from(start: float, end: float, class_: str | None = None) -> Markup:
    """A bar from one place to another, left or right of it, and a line where it starts."""
    drawn = _thick(100 * min(start, end), 100 * abs(end - start), class_)
    line = element("line", x1=f"{n(100 * start)}%", x2=f"{n(100 * start)}%", y1=0, y2="100%")
    return element("svg", drawn, line, class_="bar", aria_hidden="true")


def _thick(x: float, width: float, class_: str | None) -> Markup:
    return element("rect", x=f"{n(x)}%", width=f"{n(width)}%", y="25%", height="50%", class_=class_)


def axis(ticks: Iterable[tuple[float, str]]) -> Markup:
    """Labels below a picture: `(share of the width, text)`."""
    labels = (
        element("span", text, class_="start")
        if share < EDGE
        else element("span", text, class_="end")
        if share > 1 - EDGE
        else element("span", text, style=f"left:{n(100 * share)}%")
        for share, text in ticks
    )
    return element("div", *labels, class_="axis", aria_hidden="true")


def n(value: float) -> str:
    """A coordinate, as short as the eye allows."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
