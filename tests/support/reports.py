"""Reports of tables, and their pages parsed into elements."""

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from random import Random
from typing import Any

from core.profiling.profile import profile
from core.profiling.target_relations import target_relations
from core.reporting.report import report
from core.services.datasets.profiles import joined
from core.tables.table import Table
from core.types import Json
from tests.support.storage import dataset_manifest
from tests.support.tables import CSVS, csv, read, real

WIDE_COLUMNS = 121
# Long, and the same at their beginnings.
LONG_VALUES = (
    *(f"一种以相同文字开头并且非常长的产品类别名称第{ordinal}种" for ordinal in "甲乙丙丁"),
    *(f"Extremely long category that begins like the others, variant {letter}" for letter in "ABCD"),
)


@dataclass
class Element:
    """An element with its children and its texts."""

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, tag: str = "", class_: str = "") -> list["Element"]:
        """Return the elements below this one with this tag and class, in the order of the page."""
        return [e for e in self._below() if tag in ("", e.tag) and class_ in ("", *e.classes)]

    def one(self, id: str) -> "Element":
        """Return the only element below this one with this id."""
        (found,) = (element for element in self._below() if element.attributes.get("id") == id)
        return found

    @property
    def text(self) -> str:
        """The text of the element, with plain blanks for no-break ones."""
        return "".join(self.texts).replace("\u00a0", " ")

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def _below(self) -> list["Element"]:
        return [e for child in self.children for e in (child, *child._below())]


class Page(HTMLParser):
    """A page as a tree; raises `AssertionError` for a tag that is closed in the wrong place or never."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(html)
        self.close()
        assert self._open == [self.root], [element.tag for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)


def joined_profile(table: Table, target: str | None = None) -> Json:
    """Return the profile of a table, with what there is to say about its target."""
    return joined(profile(table), target_relations(table, target) if target is not None else None)


def report_of(table: Table, target: str | None = None, **manifest: Any) -> str:
    """Return the page of a table."""
    return report(_manifest(table, **manifest), joined_profile(table, target))


def page_of(source: bytes | str, target: str | None = None, **manifest: Any) -> Element:
    """Return the page of a CSV as elements."""
    return Page(report_of(read(source), target, **manifest)).root


@cache
def real_report(name: str) -> str:
    """Return the page of one of `CSVS`, with its target."""
    return report_of(real(name), CSVS[name][1], filename=CSVS[name][0].name)


@cache
def wide_page() -> Element:
    """Return the page of 110 numbers, with the target behind the hundredth, and ten categories."""
    chance = Random(3)
    columns: dict[str, list[Any]] = {f"reading_of_{k}": [chance.random() for _ in range(60)] for k in range(105)}
    columns["price"] = [3 * value for value in columns["reading_of_104"]]
    columns |= {f"extra_{k}": [chance.random() for _ in range(60)] for k in range(5)}
    columns |= {f"kind_{k}": [chance.choice("abc") for _ in range(60)] for k in range(10)}
    assert len(columns) == WIDE_COLUMNS
    return page_of(csv(**columns), "price")


@cache
def crowded_report() -> str:
    """Return the page of 121 columns with long names, most of them Chinese, and thirty findings."""
    chance = Random(4)
    rows = range(60)
    columns: dict[str, list[Any]] = {
        f"第{k}号生产线上的传感器每日测得的平均温度（摄氏度）": [round(chance.gauss(20, 5), 3) for _ in rows]
        for k in range(80)
    }
    columns |= {
        f"measured_value_of_the_sensor_on_line_{k}_of_the_plant": [
            "" if row % 9 == 0 else chance.random() for row in rows
        ]
        for k in range(15)
    }
    columns |= {f"setting_{k}": [7] * len(rows) for k in range(10)}
    columns |= {f"类别{k}": [chance.choice(LONG_VALUES) for _ in rows] for k in range(10)}
    columns |= {f"serial_number_{k}": [f"{k}-{row}-{chance.random()}" for row in rows] for k in range(5)}
    columns["日产量"] = [round(3e6 * row + chance.random()) for row in rows]
    assert len(columns) == WIDE_COLUMNS
    return report_of(read(csv(**columns)), "日产量", filename="一个名称很长的文件" * 8 + ".csv")


def _manifest(table: Table, **changes: Any) -> Any:
    values = {"rows": table.rows, "columns": table.columns, "warnings": table.warnings, "delimiter": ","}
    return dataset_manifest(**{**values, **changes})
