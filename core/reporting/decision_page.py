"""The page of a decision about an arrival: the decision, its reason and its evidence."""

from collections.abc import Iterator
from urllib.parse import quote

from core.reporting.distributions import value_bars
from core.reporting.drift_section import drift_section
from core.reporting.explanations import METRICS
from core.reporting.formatting import NOTHING, count, counted, date, short_number, size
from core.reporting.html import Content, Markup, Named, definition_list, element, isolated, scrolled
from core.reporting.page import page, tile
from core.reporting.scales import Scale
from core.reporting.svg import axis, bar, rounded, stretched, vertical_line
from core.shares import share
from core.types import Json

LINKS = {
    "data": "The file",
    "champion": "The champion",
    "challenger": "The challenger",
}
# The margin beside an interval, as a fraction of its width.
MARGIN = 0.08


def retraining_page(report: Json) -> str:
    """Return the whole page for a report of `core.services.retraining.decision`."""
    arrival = report["arrival"]
    sections = {
        "Decision": _decision(report),
        "Scores": _scores(report["scores"]) if report["scores"] else None,
        "Plausibility": _plausibility(report["plausibility"]) if report["plausibility"] else None,
        "Schema": _schema(report["schema"]) if report["schema"] else None,
        "Drift": drift_section(report["drift"]) if report["drift"] else None,
        "Data": _data(report),
    }
    footer = f"Made by Regatta for arrival {arrival['job_id']} of series {report['series']}."
    subtitle = element("p", isolated(arrival["filename"]), class_="under")
    return page(report["series"], "Retraining report", sections, footer, subtitle)


def pages_of(report: Json) -> dict[str, str]:
    """Return the paths of the pages behind the links of a report, which are of JSON: the file and the versions."""
    paths = {"data": report["links"]["data"]} if "data" in report["links"] else {}
    for role, version in {"champion": report["before"], "challenger": report["arrival"]["version"]}.items():
        if role in report["links"]:
            paths[role] = f"/model/report/{quote(report['series'])}?version={version}"
    return paths


def _decision(report: Json) -> Markup:
    """Return the decision with its reason, both errors, and links."""
    arrival, before = report["arrival"], report["before"]
    champion, challenger = arrival["champion_rmse"], arrival["challenger_rmse"]
    serves = NOTHING if arrival["champion"] is None else f"version {arrival['champion']}"
    change = f"instead of version {before}" if arrival["promoted"] and before else "the first one"
    tiles = (
        (
            "Decision",
            arrival["state"],
            "its rows are learned from" if arrival["learned"] else "nothing is learned of it",
        ),
        ("Serves now", serves, change if arrival["promoted"] else "as before"),
        ("Champion’s error", short_number(champion), "root mean squared, on fresh rows"),
        ("Challenger’s error", short_number(challenger), "on the same rows"),
    )
    pages = pages_of(report)
    links = (element("a", words, href=pages[role]) for role, words in LINKS.items() if role in pages)
    return element(
        "section",
        element("h2", "Decision"),
        element("p", isolated(_sentence(arrival["reason"])), class_="reason"),
        element("ul", *(tile(*texts) for texts in tiles), class_="tiles"),
        element("ul", *(element("li", isolated(_sentence(note))) for note in report["notes"]), class_="warnings"),
        element("p", *links, class_="index"),
        id="decision",
    )


def _scores(scores: Json) -> Markup:
    """Return a table of the metrics of champion and challenger, with bars of their errors."""
    sides = [name for name in ("champion", "challenger", "mean") if scores.get(name)]
    headings = (element("th", side.capitalize(), scope="col", class_="number") for side in sides)
    lines = (
        element(
            "tr",
            element("th", words, scope="row"),
            *(element("td", short_number(scores[side].get(metric)), class_="number") for side in sides),
        )
        for metric, (words, _) in METRICS.items()
        if any(scores[side].get(metric) is not None for side in sides)
    )
    head = element("tr", element("td"), *headings)
    largest = max(scores[side]["rmse"] for side in sides) or 1.0
    bars = ((side, bar(scores[side]["rmse"] / largest), short_number(scores[side]["rmse"]), None) for side in sides)
    return element(
        "section",
        element("h2", "Scores", element("small", f"{counted(scores['rows'], 'row')} that neither has learned from")),
        element(
            "div",
            element("article", element("h3", "Root mean squared error"), value_bars(bars, "few"), class_="card"),
            _difference(scores["difference"]) if scores.get("difference") else None,
            class_="cards wide",
        ),
        scrolled("Scores", element("table", element("thead", head), element("tbody", *lines))),
        id="scores",
    )


def _difference(difference: Json) -> Markup | None:
    """Draw the interval of the difference, with lines at 0 and at the tolerance."""
    if None in difference.values():
        return None
    low, value, high = (100 * difference[name] for name in ("lower", "value", "upper"))
    tolerance = 100 * difference["tolerance"]
    ends = (low, value, high, 0.0, tolerance)
    margin = MARGIN * (max(ends) - min(ends) or 1.0)
    scale = Scale(min(ends) - margin, max(ends) + margin)
    positions = {name: 100 * scale.share(end) for name, end in {"low": low, "value": value, "high": high}.items()}
    label = f"Between {low:+.1f}% and {high:+.1f}%, most likely {value:+.1f}%; {tolerance:.1f}% is tolerated."
    label = label.replace("-", "−")
    drawing = stretched(
        label,
        element(
            "rect",
            x=rounded(positions["low"]),
            width=rounded(max(positions["high"] - positions["low"], 0.5)),
            y=25,
            height=50,
            class_="box",
        ),
        vertical_line(positions["value"], "median"),
        vertical_line(100 * scale.share(0.0), "mean"),
        vertical_line(100 * scale.share(tolerance), "limit"),
        class_="interval",
    )
    return element(
        "article",
        element("h3", "Challenger against champion"),
        drawing,
        axis((scale.share(tick), f"{text}%") for tick, text in scale.ticks()),
        element("p", f"{label} Left of the dashed line the challenger errs less.", class_="caption"),
        class_="card",
    )


def _plausibility(plausibility: Json) -> Markup:
    """Return how the errors of the champion on the new rows compare with those of its folds."""
    reasons = [element("li", isolated(_sentence(reason))) for reason in plausibility["reasons"]]
    statistics: list[Named] = [
        ("Rows", count(plausibility["rows"])),
        ("Further off than nine tenths of what the folds left", share(plausibility["outside"], 1)),
        ("The same, where a jump begins", share(plausibility["outside_limit"], 1)),
        ("Further off than anything in the folds", share(plausibility["far"], 1)),
        ("Champion’s error", short_number(plausibility["mse"] ** 0.5)),
        ("Error that its folds promised", short_number(plausibility["promised_mse"] ** 0.5)),
        ("Error of always saying the mean of these rows", short_number(plausibility["mean_mse"] ** 0.5)),
    ]
    return element(
        "section",
        element("h2", "Plausibility", element("small", "how the champion errs on the new rows")),
        element("ul", *reasons, class_="warnings") if reasons else None,
        definition_list(statistics),
        id="plausibility",
    )


def _schema(schema: Json) -> Markup:
    """Return how the columns differ from those that the champion takes."""
    lines = [element("li", line) for line in _differences(schema)]
    same = element("p", "The columns are those that the champion takes.", class_="note")
    return element(
        "section",
        element("h2", "Schema"),
        element("ul", *lines, class_="warnings") if lines else same,
        id="schema",
    )


def _differences(schema: Json) -> Iterator[Content]:
    """Yield one line for each kind of difference, and for each retyped or unseen column."""
    if schema["missing"]:
        yield ["Missing: ", _names(schema["missing"])]
    # Reports of earlier versions have no contradictions.
    for column in schema.get("contradictions", []):
        rows = f", as in {counted(column['rows'] - 1, 'more row')}" if column["rows"] > 1 else ""
        yield [
            isolated(column["name"]),
            f" contradicts the series, which reads it as {column['read_as']}: line {column['line']} has ",
            isolated(repr(column["text"])),
            f", {column['otherwise']}{rows}",
        ]
    if schema["new"]:
        yield ["New, and not learned from: ", _names(schema["new"])]
    for column in schema["retyped"]:
        how = "usable all the same" if column["usable"] else "not usable"
        yield [isolated(column["name"]), f" is of type {column['is']} and was of type {column['was']}: {how}"]
    for column in schema["unseen"]:
        yield [
            isolated(column["name"]),
            f" has values never seen before, in {counted(column['rows'], 'row')}: ",
            _names(column["levels"]),
        ]


def _names(names: list[str]) -> Content:
    """Join names of the data by commas."""
    return [piece for position, name in enumerate(names) for piece in (", " if position else "", isolated(name))]


def _data(report: Json) -> Markup:
    """Return the facts about the file and the rows that the challenger was trained on."""
    arrival, file, learned = report["arrival"], report["file"], report["learned"]
    statistics: list[Named] = [("Object", isolated(arrival["key"])), ("Size", size(arrival["size_bytes"]))]
    statistics.append(("Written", f"{date(arrival['last_modified'][:19])} UTC"))
    if file is not None:
        statistics += [("Rows", count(file["rows"])), ("Columns", count(file["columns"]))]
    if learned is not None:
        words = f"{counted(learned['rows'], 'row')} of {counted(len(learned['files']), 'file')}"
        statistics.append(("The challenger learned from", words))
    warnings = [element("li", isolated(_sentence(warning))) for warning in (file or {}).get("warnings", [])]
    return element(
        "section",
        element("h2", "Data"),
        element("ul", *warnings, class_="warnings") if warnings else None,
        definition_list(statistics),
        id="data",
    )


def _sentence(text: str) -> str:
    """Capitalise a text, and end it with a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
