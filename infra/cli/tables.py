"""Tables as lines of text that fit the terminal.

A table that is too wide has its longest cells cut in the middle. Where that would leave next to nothing of them, each
row becomes a block of lines instead, one for each cell. Without a terminal nothing is cut.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from infra.cli.text import cut, pad, visible, width

GAP = "  "
# Between the columns of a table that has no room for more.
NARROW_GAP = " "
# A cell is cut to no less than this.
LEAST_COLUMNS = 8


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and whether its cells are aligned to the right as figures are."""

    heading: str
    is_figure: bool = False
    # Said of identifiers, which are of no use in part.
    is_whole: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell with a colour of its own."""

    text: object
    colour: str = ""


@dataclass(frozen=True)
class Styled:
    """A piece of a line, and its colour: a name that `typer.style` knows, `bold`, `dim`, or nothing."""

    text: str
    colour: str = ""


Line = tuple[Styled, ...]


@dataclass
class Table:
    """Rows below headings. A cell is any value; None and "" are shown as a dash."""

    columns: Sequence[Column]
    rows: list[list[Cell]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Add a row with one cell a column."""
        shown = (cell if isinstance(cell, Cell) else Cell(cell) for cell in cells)
        self.rows.append([Cell("-" if cell.text in (None, "") else visible(cell.text), cell.colour) for cell in shown])

    def lines(self, terminal_columns: int | None) -> Iterator[Line]:
        """Yield the lines of the table; without `terminal_columns` it is as wide as it needs."""
        widths = [
            max([width(column.heading), *(width(str(row[at].text)) for row in self.rows)])
            for at, column in enumerate(self.columns)
        ]
        gap = GAP
        if terminal_columns is not None:
            fitting = self._fit(widths, terminal_columns, gap)
            if fitting is None:
                gap = NARROW_GAP
                fitting = self._fit(widths, terminal_columns, gap)
            if fitting is None:
                yield from self._blocks(terminal_columns)
                return
            widths = fitting
        yield self._line([Cell(column.heading, "bold") for column in self.columns], widths, gap)
        for row in self.rows:
            yield self._line(row, widths, gap)

    def _fit(self, widths: list[int], available: int, gap: str) -> list[int] | None:
        """Return widths with the widest ones reduced until all fit with this gap; None where they cannot."""
        available -= len(gap) * (len(widths) - 1)
        floors = [
            natural if column.is_whole or column.is_figure else min(natural, max(LEAST_COLUMNS, width(column.heading)))
            for natural, column in zip(widths, self.columns, strict=True)
        ]
        if sum(floors) > available:
            return None
        fitted = list(widths)
        while sum(fitted) > available:
            shrinkable = [at for at, floor in enumerate(floors) if fitted[at] > floor]
            fitted[max(shrinkable, key=fitted.__getitem__)] -= 1
        return fitted

    def _line(self, cells: Sequence[Cell], widths: Sequence[int], gap: str) -> Line:
        pieces: list[Styled] = []
        last = len(widths) - 1
        for at, (cell, column, columns) in enumerate(zip(cells, self.columns, widths, strict=True)):
            text = cut(str(cell.text), columns)
            # No blanks at the end of a line.
            shown = text if at == last and not column.is_figure else pad(text, columns, right=column.is_figure)
            pieces.append(Styled(shown, cell.colour))
            if at != last:
                pieces.append(Styled(gap))
        return tuple(pieces)

    def _blocks(self, terminal_columns: int) -> Iterator[Line]:
        """Yield each row as a line a cell, with its heading before it, and an empty line between rows."""
        longest = max(width(column.heading) for column in self.columns)
        room = max(1, terminal_columns - longest - len(GAP))
        for number, row in enumerate(self.rows):
            if number:
                yield ()
            for column, cell in zip(self.columns, row, strict=True):
                heading = cut(pad(column.heading, longest), max(1, terminal_columns - len(GAP) - 1))
                yield (Styled(heading, "bold"), Styled(GAP), Styled(cut(str(cell.text), room), cell.colour))
