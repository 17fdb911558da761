"""Messages of the service about one chunk of a file, put in terms of the whole file, and each one once."""

import re
from collections import Counter
from collections.abc import Callable

# A text of a user in quotes, which stays as it is.
QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
# The numbers of rows or lines.
PLACES = re.compile(rf"{QUOTED}|\b(rows?|lines?) (\d[\d,]*(?:(?:, | and )\d[\d,]*)*)\b")
COUNTS = re.compile(rf"{QUOTED}|\b(\d[\d,]*) ((?:missing )?)values?\b")
NUMBERS = re.compile(rf"{QUOTED}|\d[\d,]*")
# Behind it are examples, which differ from chunk to chunk.
EXAMPLES = re.compile(rf"{QUOTED}|(: )")


def with_lines(message: str, line_of_row: Callable[[int], int], line_of_line: Callable[[int], int]) -> str:
    """Return a message in which each row and line of a chunk is the line of the file."""

    def replaced(match: "re.Match[str]") -> str:
        if match[1] is None:
            return match[0]
        find = line_of_row if match[1].startswith("row") else line_of_line
        numbers = re.sub(r"\d+(?:,\d{3})*", lambda number: str(find(_number(number[0]))), match[2])
        return f"{'lines' if match[1].endswith('s') else 'line'} {numbers}"

    return PLACES.sub(replaced, message)


class CollectedWarnings:
    """Warnings of all chunks: those that differ in their counts and examples only are one, with the counts added."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._totals: Counter[str] = Counter()
        # How many have other examples than the first one.
        self._others: Counter[str] = Counter()

    def add(self, message: str) -> None:
        """Add a warning of one chunk."""
        key = _key(message)
        first = self._first.setdefault(key, message)
        self._others[key] += _examples(message) != _examples(first)
        if count := next((match[1] for match in COUNTS.finditer(message) if match[1]), None):
            self._totals[key] += _number(count)

    def messages(self) -> list[str]:
        """Return each warning once, in the order in which they came."""
        return [self._message(key, message) for key, message in self._first.items()]

    def _message(self, key: str, message: str) -> str:
        if total := self._totals[key]:
            message = _with_count(message, total)
        others = self._others[key]
        parts = f"{others:,} further part{'' if others == 1 else 's'}"
        return f"{message} (and others in {parts} of the file)" if others else message


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _key(message: str) -> str:
    """Return what two warnings about the same thing have in common."""
    head = message[: len(message) - len(_examples(message))]
    counted = COUNTS.sub(lambda match: f"# {match[2]}values" if match[1] else match[0], head)
    return NUMBERS.sub(lambda match: match[0] if match[0][0] in "'\"" else "#", counted)


def _examples(message: str) -> str:
    """Return the end of a message with the examples; an empty text where it has none."""
    at = next((match.start() for match in EXAMPLES.finditer(message) if match[1]), len(message))
    return message[at:]


def _with_count(message: str, total: int) -> str:
    """Return a message with this total in the place of its count."""
    count = next(match for match in COUNTS.finditer(message) if match[1])
    noun = "value" if total == 1 else "values"
    return f"{message[: count.start()]}{total:,} {count[2]}{noun}{message[count.end() :]}"
