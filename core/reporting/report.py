"""The data report: one HTML page to read, print and send on, made from the stored profile."""

from core.languages.tags import DEFAULT, Language
from core.manifests import DatasetManifest
from core.reporting.cards import columns_section, count_types
from core.reporting.finding_cards import findings_section, warnings_section
from core.reporting.formatting import count, counted, date, delimiter, size
from core.reporting.html import Markup, Named, definition_list, element
from core.reporting.matrices import correlations_section, missing_section
from core.reporting.page import page, tile
from core.reporting.preview import preview_section
from core.reporting.target_section import strongest_relations, target_section
from core.reporting.words import say, written_in
from core.shares import share
from core.types import Json


def report(manifest: DatasetManifest, profile: Json, language: Language = DEFAULT) -> str:
    """Return the whole page for a dataset, given its manifest and what `stored_profile` returns for it.

    A page of 2,000 columns has 1.5 MB and takes a third of a second; one of ten, 80 kB and ten milliseconds.
    """
    with written_in(language):
        return _page(manifest, profile)


def _page(manifest: DatasetManifest, profile: Json) -> str:
    """Return the whole page in the language that is set."""
    target = profile["target"]
    anchors = {name: f"column-{position}" for position, name in enumerate(profile["columns"])}
    ranking = columns_by_interest(profile)
    sections = {
        "overview": _overview(manifest, profile),
        "findings": findings_section(profile["findings"], anchors),
        "reading": warnings_section(manifest.warnings),
        "target": target_section(target, profile["columns"], profile["rows"], anchors) if target else None,
        "columns": columns_section(profile["columns"], profile["rows"], anchors, ranking),
        "correlations": correlations_section(profile["correlations"], profile["columns"], target),
        "missing": missing_section(profile["missingness"], profile["columns"], profile["rows"]),
        "rows": preview_section(profile["preview"], profile["columns"]),
    }
    return page(manifest.filename, "data", sections, say("kinds.data.footer", file=manifest.file_id))


def _overview(manifest: DatasetManifest, profile: Json) -> Markup:
    """Return the number of rows, columns, missing values and duplicates, and the facts about the file."""
    rows, columns = profile["rows"], profile["columns"]
    cells = rows * len(columns)
    missing = sum(statistics["missing"] for statistics in columns.values())
    duplicates = profile["duplicate_rows"]
    tiles = (
        (say("overview.rows"), count(rows), say("overview.inFile", size=size(manifest.size_bytes))),
        (say("overview.columns"), count(len(columns)), count_types(columns)),
        (
            say("overview.missing"),
            share(missing, cells),
            say("overview.ofCells", missing=count(missing), cells=counted(cells, "cell")),
        ),
        (
            say("overview.duplicates"),
            count(duplicates),
            say("overview.repeat", share=share(duplicates, rows)) if duplicates else say("overview.noneRepeats"),
        ),
    )
    facts: list[Named] = [
        (say("overview.uploaded"), f"{date(manifest.created_at[:16])} UTC"),
        (say("overview.inMemory"), size(manifest.memory_bytes)),
        (say("overview.encoding"), manifest.encoding.upper()),
        (say("overview.delimiter"), delimiter(manifest.delimiter)),
        (say("overview.header"), say("yes" if manifest.has_header else "no")),
        ("SHA-256", element("code", manifest.sha256[:12], title=manifest.sha256)),
    ]
    return element(
        "section",
        element("h2", say("sections.overview")),
        element("ul", *(tile(*texts) for texts in tiles), class_="tiles"),
        definition_list(facts),
        id="overview",
    )


def columns_by_interest(profile: Json) -> list[str]:
    """Return the columns: the target, those that a warning is about, those that tell most of the target, the others.

    Without a target, those that are most correlated with any other come before the others.
    """
    target, columns = profile["target"], profile["columns"]
    warned = {finding["column"] for finding in profile["findings"] if finding["severity"] != "info"}
    tells = strongest_relations(target) if target else _strongest_correlations(profile["correlations"])

    def interest(name: str) -> tuple[bool, bool, float]:
        return target is not None and name == target["target"], name in warned, tells.get(name, 0.0)

    return sorted(columns, key=interest, reverse=True)


def _strongest_correlations(correlations: Json) -> dict[str, float]:
    """Return for each column how strongly it is correlated with any other, from 0 to 1."""
    names, rows = correlations["columns"], correlations["pearson"]
    return {
        name: max((abs(value or 0.0) for value in (*row[:position], *row[position + 1 :])), default=0.0)
        for position, (name, row) in enumerate(zip(names, rows, strict=True))
    }
