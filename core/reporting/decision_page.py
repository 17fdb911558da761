"""The page of a decision about an arrival: the decision, its reason and its evidence."""

from collections.abc import Iterator
from urllib.parse import quote

from core.languages.tags import DEFAULT, Language
from core.reporting.distributions import value_bars
from core.reporting.drift_section import drift_section
from core.reporting.explanations import METRICS
from core.reporting.formatting import NOTHING, count, counted, date, short_number, size
from core.reporting.html import Content, Markup, Named, definition_list, element, isolated, scrolled
from core.reporting.page import page, tile
from core.reporting.scales import Scale
from core.reporting.sentences import phrase, sentence
from core.reporting.svg import axis, bar, rounded, stretched, vertical_line
from core.reporting.words import listing, say, say_with, written_in
from core.shares import share
from core.types import Json

LINKS = ("data", "champion", "challenger")
# The margin beside an interval, as a fraction of its width.
MARGIN = 0.08


def retraining_page(report: Json, language: Language = DEFAULT) -> str:
    """Return the whole page for a report of `core.services.retraining.decision`."""
    with written_in(language):
        return _page(report)


def _page(report: Json) -> str:
    """Return the whole page in the language that is set."""
    arrival = report["arrival"]
    sections = {
        "decision": _decision(report),
        "scores": _scores(report["scores"]) if report["scores"] else None,
        "plausibility": _plausibility(report["plausibility"]) if report["plausibility"] else None,
        "schema": _schema(report["schema"]) if report["schema"] else None,
        "drift": drift_section(report["drift"]) if report["drift"] else None,
        "data": _data(report),
    }
    footer = say("kinds.decision.footer", arrival=arrival["job_id"], name=report["series"])
    subtitle = element("p", isolated(arrival["filename"]), class_="under")
    return page(report["series"], "decision", sections, footer, subtitle)


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
    serves = NOTHING if arrival["champion"] is None else say("decision.version", version=arrival["champion"])
    change = say("decision.instead", version=before) if before else say("decision.firstOne")
    tiles = (
        (
            say("decision.decision"),
            say(f"decision.state.{arrival['state']}"),
            say("decision.learned" if arrival["learned"] else "decision.notLearned"),
        ),
        (say("decision.servesNow"), serves, change if arrival["promoted"] else say("decision.asBefore")),
        (say("decision.championError"), short_number(champion), say("decision.rootMeanSquared")),
        (say("decision.challengerError"), short_number(challenger), say("decision.sameRows")),
    )
    pages = pages_of(report)
    links = (element("a", say(f"decision.links.{role}"), href=pages[role]) for role in LINKS if role in pages)
    return element(
        "section",
        element("h2", say("sections.decision")),
        element("p", sentence(arrival["reason"]), class_="reason"),
        element("ul", *(tile(*texts) for texts in tiles), class_="tiles"),
        element("ul", *(element("li", sentence(note)) for note in report["notes"]), class_="warnings"),
        element("p", *links, class_="index"),
        id="decision",
    )


def _scores(scores: Json) -> Markup:
    """Return a table of the metrics of champion and challenger, with bars of their errors."""
    sides = [name for name in ("champion", "challenger", "mean") if scores.get(name)]
    names = {side: say(f"comparison.{side}") for side in sides}
    headings = (element("th", name[:1].upper() + name[1:], scope="col", class_="number") for name in names.values())
    lines = (
        element(
            "tr",
            element("th", say(f"metrics.{metric}.name"), scope="row"),
            *(element("td", short_number(scores[side].get(metric)), class_="number") for side in sides),
        )
        for metric in METRICS
        if any(scores[side].get(metric) is not None for side in sides)
    )
    head = element("tr", element("td"), *headings)
    rows = say("comparison.rows", rows=counted(scores["rows"], "row"))
    largest = max(scores[side]["rmse"] for side in sides) or 1.0
    bars = (
        (names[side], bar(scores[side]["rmse"] / largest), short_number(scores[side]["rmse"]), None) for side in sides
    )
    return element(
        "section",
        element("h2", say("sections.scores"), element("small", rows)),
        element(
            "div",
            element("article", element("h3", say("comparison.rmse")), value_bars(bars, "few"), class_="card"),
            _difference(scores["difference"]) if scores.get("difference") else None,
            class_="cards wide",
        ),
        scrolled(say("sections.scores"), element("table", element("thead", head), element("tbody", *lines))),
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
    named = {"low": f"{low:+.1f}", "high": f"{high:+.1f}", "value": f"{value:+.1f}", "tolerance": f"{tolerance:.1f}"}
    label = say("comparison.interval", **{name: text.replace("-", "−") for name, text in named.items()})
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
        element("h3", say("comparison.against")),
        drawing,
        axis((scale.share(tick), f"{text}%") for tick, text in scale.ticks()),
        element("p", label + say("comparison.dashed"), class_="caption"),
        class_="card",
    )


def _plausibility(plausibility: Json) -> Markup:
    """Return how the errors of the champion on the new rows compare with those of its folds."""
    reasons = [element("li", sentence(reason)) for reason in plausibility["reasons"]]
    statistics: list[Named] = [
        (say("plausibility.rows"), count(plausibility["rows"])),
        (say("plausibility.outside"), share(plausibility["outside"], 1)),
        (say("plausibility.limit"), share(plausibility["outside_limit"], 1)),
        (say("plausibility.far"), share(plausibility["far"], 1)),
        (say("plausibility.error"), short_number(plausibility["mse"] ** 0.5)),
        (say("plausibility.promised"), short_number(plausibility["promised_mse"] ** 0.5)),
        (say("plausibility.mean"), short_number(plausibility["mean_mse"] ** 0.5)),
    ]
    return element(
        "section",
        element("h2", say("sections.plausibility"), element("small", say("plausibility.note"))),
        element("ul", *reasons, class_="warnings") if reasons else None,
        definition_list(statistics),
        id="plausibility",
    )


def _schema(schema: Json) -> Markup:
    """Return how the columns differ from those that the champion takes."""
    lines = [element("li", line) for line in _differences(schema)]
    same = element("p", say("schema.same"), class_="note")
    return element(
        "section",
        element("h2", say("sections.schema")),
        element("ul", *lines, class_="warnings") if lines else same,
        id="schema",
    )


def _differences(schema: Json) -> Iterator[Content]:
    """Yield one line for each kind of difference, and for each retyped or unseen column."""
    if schema["missing"]:
        yield say_with("schema.missing", names=listing(map(isolated, schema["missing"])))
    # Reports of earlier versions have no contradictions.
    for column in schema.get("contradictions", []):
        words = say_with(
            "schema.contradicts",
            name=isolated(column["name"]),
            read_as=phrase(column["read_as"]),
            line=str(column["line"]),
            text=isolated(repr(column["text"])),
            otherwise=phrase(column["otherwise"]),
        )
        if column["rows"] > 1:
            words.append(say("schema.moreRows", rows=counted(column["rows"] - 1, "more_row")))
        yield words
    if schema["new"]:
        yield say_with("schema.new", names=listing(map(isolated, schema["new"])))
    for column in schema["retyped"]:
        types = {name: say(f"types.{column[name]}") for name in ("is", "was")}
        yield say_with(
            "schema.usable" if column["usable"] else "schema.unusable", name=isolated(column["name"]), **types
        )
    for column in schema["unseen"]:
        yield say_with(
            "schema.unseen",
            name=isolated(column["name"]),
            rows=counted(column["rows"], "row"),
            names=listing(map(isolated, column["levels"])),
        )


def _data(report: Json) -> Markup:
    """Return the facts about the file and the rows that the challenger was trained on."""
    arrival, file, learned = report["arrival"], report["file"], report["learned"]
    statistics: list[Named] = [
        (say("arrival.object"), isolated(arrival["key"])),
        (say("arrival.size"), size(arrival["size_bytes"])),
    ]
    statistics.append((say("arrival.written"), f"{date(arrival['last_modified'][:19])} UTC"))
    if file is not None:
        statistics += [
            (say("arrival.rows"), count(file["rows"])),
            (say("arrival.columns"), count(file["columns"])),
        ]
    if learned is not None:
        rows, files = counted(learned["rows"], "row"), counted(len(learned["files"]), "file")
        statistics.append((say("arrival.learned"), say("arrival.learnedFrom", rows=rows, files=files)))
    warnings = [element("li", sentence(warning)) for warning in (file or {}).get("warnings", [])]
    return element(
        "section",
        element("h2", say("sections.data")),
        element("ul", *warnings, class_="warnings") if warnings else None,
        definition_list(statistics),
        id="data",
    )
