"""Rows that were left out of a table, and the sentences about them."""

from dataclasses import dataclass, field

LINES_SHOWN = 5
CHARACTERS_SHOWN = 60


@dataclass
class LeftOut:
    """Rows that were left out of a table, with the lines of the file where they begin."""

    empty: int = 0
    first_empty: int = 0
    headers: list[int] = field(default_factory=list)
    # By line what stands there, and what it was taken for.
    others: list[tuple[int, str, str]] = field(default_factory=list)
    # Rows that look like totals, and were kept.
    kept: list[tuple[int, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.empty or self.headers or self.others)

    def note(self, reason: str, line: int, text: str = "") -> None:
        """Add a row that begins in this line; `reason` is one of `JunkRules`."""
        if reason == "empty":
            self.first_empty = self.first_empty or line
            self.empty += 1
        elif reason == "header":
            self.headers.append(line)
        else:
            self.others.append((line, reason, text))

    def warnings(self) -> list[str]:
        """Return one sentence for each kind of rows."""
        found = []
        if self.empty:
            rows, were = ("1 row", "was") if self.empty == 1 else (f"{self.empty:,} rows", "were")
            first = "in line" if self.empty == 1 else "the first in line"
            found.append(f"{rows} of nothing but delimiters {were} left out, {first} {self.first_empty}")
        if self.headers:
            lines = ", ".join(map(str, self.headers[:LINES_SHOWN]))
            rest = f" and {len(self.headers) - LINES_SHOWN:,} more" if len(self.headers) > LINES_SHOWN else ""
            repeat = f"line {lines} repeats" if len(self.headers) == 1 else f"lines {lines}{rest} repeat"
            found.append(f"{repeat} the header and {'was' if len(self.headers) == 1 else 'were'} left out")
        for line, reason, text in sorted(self.others):
            found.append(f"line {line} is {reason} and was left out: {_shortened(text)}")
        for line, text in self.kept:
            found.append(
                f"line {line} begins as a total does, but has no sums of its columns, and is kept as a row: "
                f"{_shortened(text)}"
            )
        return found


def _shortened(text: str) -> str:
    """Return a line in quotes, cut where it is long."""
    text = text.strip()
    return repr(text if len(text) <= CHARACTERS_SHOWN else f"{text[:CHARACTERS_SHOWN]}…")
