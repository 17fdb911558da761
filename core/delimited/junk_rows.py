"""Rows of a CSV that are no rows of its table: of delimiters alone, repeated headers, units, totals and footers."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.cell_values import MISSING
from core.delimited.cell_kinds import cell_kind, column_kind, kind_delimiter

# So many records at the end may be totals and footers, and so many below the header units and descriptions.
TAIL_RECORDS = 20
UNIT_RECORDS = 3
# Fewer rows do not show the kind of a column.
FEWEST_ROWS = 3
NUMERIC = ("number", "date")
# What rows at the end are taken for.
TOTAL, FOOTER = "a total", "a footer"
# A column is full if at most this share of its first rows has no value in it.
GAPS_SHARE = 0.05

_MEAN_WORDS = "average|mean|durchschnitt|mittelwert|moyenne|promedio|平均(?:值)?"
_TOTAL_WORDS = (
    "(?:grand |sub|overall |column )?totals?|sums?|overall|all|summe|gesamt(?:summe)?|insgesamt|zwischensumme|"
    "total(?:e|es)?(?: g[eé]n[eé]ral)?|somme|suma|итого|всего|合\\s*计|总\\s*计|总\\s*和|小\\s*计|共\\s*计|計|総計|"
    f"합계|{_MEAN_WORDS}"
)
# `re` compiles these patterns at their first use: a light function that starts needs none of them.
TOTAL_PATTERN = rf"(?i:(?:{_TOTAL_WORDS})\s*(?:[:：=(（].*|\s\d.*)?)"
_FOOTER_WORDS = (
    "sources?|notes?|footnotes?|data from|last updated?|updated|generated|exported|printed|report|created|copyright|"
    "remarks?|disclaimer|quellen?|hinweis|anmerkung|stand|erstellt|seite|fuente|nota|origine"
)
_CHINESE_FOOTERS = "(?:数据|资料)?来源|备注|注[:：]|说明|制表|审核|填表|打印|第\\s*\\d+\\s*页|共\\s*\\d+\\s*[条行页]"
_FOOTER = (
    rf"(?is:\(?\d[\d,]* (?:rows?|records?|lines?|entries)\b.*|\(\d[\d,]* .*\)|page\s+-?\d+.*|(?:{_FOOTER_WORDS})\b.*|"
    rf"©.*|\(c\) .*|[*†‡#]+ ?\D.*|(?:end of|eof\b|-- ?end).*|(?:{_CHINESE_FOOTERS}).*|"
    r".*rows? (?:affected|selected|returned|exported|in set).*)"
)
_SEPARATOR = r"[-=_+:~*]+"
# Words that stand for a value that is not there: no descriptions of columns.
_UNKNOWN = (
    r"(?i:unknown|unspecified|undefined|undisclosed|not .*|no data|none|null|missing|pending|tb[acd]|other|error|"
    r"invalid|unbekannt|inconnue?|desconocid[oa]|未知|不明|不详|其他|待定|[-?.*x]+)"
)
_UNIT = (
    r"[\[(（<{].{1,20}[\])）>}]|[%‰°$€£¥#]|°[CFK]|℃|㎡|[mckMGµμn]?(?:m|g|s|W|V|A|Hz|Pa|J|N|L|l|B|b)[²³23]?|t|h|min|sec|"
    r"days?|years?|months?|hours?|inch(?:es)?|ft|feet|miles?|mi|lbs?|oz|gal|mpg|hp|bhp|PS|kWh|MWh|Wh|rpm|ppm|ppb|mmHg|"
    r"bar|mbar|dB|K|C|F|deg|degrees|rad|count|units?|number|text|string|date|float|int|integer|numeric|double|"
    r"USD|EUR|GBP|CNY|RMB|JPY|INR|mg/(?:l|L|dl|dL|m3|m³)|[µμ]g/m[3³]|g/cm[3³]|kg/m[23²³]|m/s[2²]?|km/h|mph|"
    r"元|万元|亿元|平米|平方米|米|千米|公里|公斤|千克|克|吨|个|件|台|人|岁|年|月|日|天|小时|分钟|秒|元/平.*|只|套|次"
)


@dataclass(frozen=True)
class JunkRules:
    """Recognises rows that are no rows of one table, by its header and the kinds of its columns."""

    # Stripped; empty without a header.
    names: tuple[str, ...]
    width: int
    delimiter: str
    # By column: number, date, word, or "" where it is empty.
    kinds: tuple[str, ...]
    # By column how often each text occurs in the first rows.
    texts: tuple[Counter[str], ...]
    # By column whether nearly every row has a value.
    full: tuple[bool, ...]
    # How often a text of the last rows is in `texts` because of that row itself.
    own: int
    # By column texts that are known to be values of it.
    known: tuple[Collection[str], ...] = ()

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        rows: Sequence[Sequence[str]],
        width: int,
        delimiter: str,
        *,
        is_complete: bool,
        known: Sequence[Collection[str]] = (),
    ) -> "JunkRules":
        """Return the rules for a table, from its first rows, which are all of them if `is_complete`.

        `known` has, by column, texts that it may have.
        """
        whole = [row for row in rows if len(row) == width]
        delimiter = kind_delimiter(whole, delimiter)
        ordinary = [row for row in whole if _is_ordinary(row)]
        # The first ones may be units and descriptions.
        skipped = min(UNIT_RECORDS, max(0, len(ordinary) - FEWEST_ROWS))
        return cls(
            tuple(name.strip() for name in names),
            width,
            delimiter,
            # Below too few rows a column may be anything.
            tuple(column_kind([row[i] for row in ordinary[skipped:]], delimiter) for i in range(width))
            if len(ordinary) >= FEWEST_ROWS
            else ("",) * width,
            tuple(Counter(row[i].strip() for row in whole) for i in range(width)),
            tuple(_is_full([row[i] for row in ordinary]) for i in range(width)),
            int(is_complete),
            tuple(known),
        )

    def reason(self, cells: Sequence[str]) -> str | None:
        """Return "empty" or "header" for such a row anywhere in the file; None for any other row."""
        if not any(map(str.strip, cells)):
            return "empty" if self.width > 1 else None
        if self.names and cells[0].strip() == self.names[0] and tuple(map(str.strip, cells)) == self.names:
            return "header"
        return None

    def below_header(self, cells: Sequence[str]) -> str | None:
        """Return what a row right below the header is if it is no row: units, or a line of dashes; else None."""
        filled = [cell.strip() for cell in cells if cell.strip()]
        if not self.names or not filled:
            return None
        if (
            all(re.fullmatch(_SEPARATOR, cell) for cell in filled)
            and any(len(cell) > 1 for cell in filled)
            and len(filled) > 1
        ):
            return "a line of dashes below the header"
        if len(cells) != self.width:
            return None
        inside = [
            cell.strip()
            for cell, kind in zip(cells, self.kinds, strict=True)
            if kind in NUMERIC and cell_kind(cell, self.delimiter)
        ]
        if not inside or any(cell_kind(cell, self.delimiter) != "word" for cell in inside):
            return None
        # A single word among numbers may as well be a stray value.
        is_described = all(map(is_unit, filled)) or (len(inside) > 1 and self._describes(cells, inside))
        return "below the header, has units or descriptions," if is_described else None

    def _describes(self, cells: Sequence[str], inside: Sequence[str]) -> bool:
        """Return whether a row describes its columns, given its texts `inside` of columns of numbers.

        Else these are stray values: a description is of one column, and of this row alone.
        """
        if len(set(inside)) < len(inside) or len(inside) < sum(kind in NUMERIC for kind in self.kinds):
            return all(map(is_unit, inside))
        is_own = all(self.texts[i][cell.strip()] <= 1 for i, cell in enumerate(cells) if cell.strip())
        return is_own and not any(re.fullmatch(_UNKNOWN, cell) for cell in inside)

    def at_end(self, cells: Sequence[str]) -> str | None:
        """Return what one of the last rows is if it is no row: a total or a footer; else None."""
        filled = [(position, cell.strip()) for position, cell in enumerate(cells) if cell.strip()]
        if not filled:
            return "empty"
        position, first = filled[0]
        if len(cells) != self.width:
            is_said = re.fullmatch(TOTAL_PATTERN, first) or re.fullmatch(_FOOTER, first)
            is_text = len(filled) == 1 and cell_kind(first, self.delimiter) == "word"
            return FOOTER if self.width > 1 and (is_text or is_said) else None
        if self.texts[position][first] > self.own or (self.known and first in self.known[position]):
            return None  # a text that rows above have as well
        if re.fullmatch(TOTAL_PATTERN, first) and (len(filled) == 1 or any(self.kinds)):
            return TOTAL
        return FOOTER if self._is_footer(cells, position, len(filled)) else None

    def fits(self, cells: Sequence[str]) -> bool:
        """Return whether a total may be a row: its first text is in a column of words, and no full column has a gap."""
        position = next((i for i, cell in enumerate(cells) if cell.strip()), 0)
        has_gap = any(is_full and cell.strip() in MISSING for cell, is_full in zip(cells, self.full, strict=True))
        return self.kinds[position] not in NUMERIC and not has_gap

    def _is_footer(self, cells: Sequence[str], position: int, filled: int) -> bool:
        """Return whether a row is a footer, given where its first text is and how many cells are filled."""
        first = cells[position].strip()
        is_footer = re.fullmatch(_FOOTER, first) is not None
        if filled > 1:
            if not is_footer or not self._numeric or self._has_numbers(cells):
                return False
            # A single word may be a value, where all other cells fit their columns.
            others = [(i, cell.strip()) for i, cell in enumerate(cells) if i != position and cell.strip()]
            is_misfit = any(self.kinds[i] in NUMERIC for i, _ in others)
            return (is_misfit or not first.isalpha()) and not any(self.texts[i][cell] > self.own for i, cell in others)
        is_word = cell_kind(first, self.delimiter) == "word"
        is_alone = filled == 1 < self.width
        return is_footer or (is_alone and is_word and self.kinds[position] in NUMERIC)

    @property
    def _numeric(self) -> bool:
        """Return whether a column is one of numbers or dates."""
        return any(kind in NUMERIC for kind in self.kinds)

    def _has_numbers(self, cells: Sequence[str]) -> bool:
        """Return whether a cell of a row is a number or date in a column of such."""
        return any(
            kind in NUMERIC and cell_kind(cell, self.delimiter) == kind
            for cell, kind in zip(cells, self.kinds, strict=True)
        )

    def tail(self, records: Sequence[Sequence[str]]) -> list[str]:
        """Return what each of the last records is that is no row, the very last one last."""
        found: list[str] = []
        for cells in reversed(records):
            reason = self.at_end(cells)
            if reason is None:
                break
            found.append(reason)
        return found[::-1]


def is_unit(cell: str) -> bool:
    """Return whether a cell is a unit, in brackets or not, or a word for a type."""
    return re.fullmatch(_UNIT, cell.strip()) is not None


def _is_ordinary(cells: Sequence[str]) -> bool:
    """Return whether a row has several cells, and no words of a total or a footer."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and not re.fullmatch(TOTAL_PATTERN, filled[0]) and not re.fullmatch(_FOOTER, filled[0])


def is_mean(cell: str) -> bool:
    """Return whether a total with this word is a mean, and no sum."""
    return re.match(rf"(?i:{_MEAN_WORDS})", cell.strip()) is not None


def _is_full(cells: Sequence[str]) -> bool:
    """Return whether nearly all cells have a value."""
    return sum(cell.strip() in MISSING for cell in cells) <= GAPS_SHARE * len(cells)
