"""The model report: one HTML page on a version of a model, from its manifest and what training stored beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.model_manifest import ModelManifest
from core.reporting.effects_section import effects_section
from core.reporting.formatting import NOTHING, count, counted, date, duration, score, short_number, size
from core.reporting.html import Markup, Named, definition_list, element, isolated
from core.reporting.leaderboard_section import Standing, leaderboard_section
from core.reporting.model_columns import columns_section
from core.reporting.model_errors import errors_section, segments_section
from core.reporting.model_parts import importance_section, parameters_section
from core.reporting.model_scores import intervals_section, scores_section
from core.reporting.page import page, tile
from core.shares import share
from core.types import Json

VALIDATIONS = {"random": "at random", "time": "by time", "group": "by group"}


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a version beyond its manifest; models of earlier versions of Regatta lack some of it.

    `evaluation` is what training stored of the holdout, `rivals` are the models of the same training, this one among
    them.
    """

    is_champion: bool
    evaluation: Json
    rivals: Sequence[Standing] = ()


def model_report(manifest: ModelManifest, facts: ModelFacts) -> str:
    """Return the whole page for a version of a model."""
    plots = facts.evaluation.get("plots") or {}
    sections = {
        "Overview": _overview(manifest, is_champion=facts.is_champion),
        "Scores": scores_section(manifest),
        "Leaderboard": leaderboard_section(manifest, facts.rivals),
        "Errors": errors_section(manifest.target_column, plots),
        "Segments": segments_section(facts.evaluation.get("segments") or [], manifest),
        "Importance": importance_section(manifest),
        "Effects": effects_section(manifest, facts.evaluation.get("effects") or {}),
        "Intervals": intervals_section(manifest, plots),
        "Parameters": parameters_section(manifest),
        "Columns": columns_section(manifest),
        "Notes": _notes(manifest),
    }
    footer = f"Made by Regatta from version {manifest.version} of model {manifest.model_name}."
    subtitle = element("p", "predicts ", element("b", isolated(manifest.target_column)), class_="under")
    return page(manifest.model_name, "Model report", sections, footer, subtitle)


def _overview(manifest: ModelManifest, *, is_champion: bool) -> Markup:
    """Return the scores in short, and the facts about the training."""
    metrics, data = manifest.metrics, manifest.dataset
    rmse, mean_rmse = metrics.get("rmse"), (manifest.baseline.metrics if manifest.baseline else {}).get("rmse")
    less = None if rmse is None or not mean_rmse else 1 - rmse / mean_rmse
    tiles = (
        ("R2", score(metrics.get("r2")), "1 is perfect, 0 no better than the mean"),
        ("Usual error", short_number(metrics.get("mae")), "the mean distance from the true value"),
        (
            "Against the mean",
            NOTHING if less is None else f"{share(abs(less), 1)} {'less' if less >= 0 else 'more'}",
            "error than a prediction of the mean",
        ),
        ("Trained on", count(data.rows_train), f"rows, and tested on {count(data.rows_test)} others"),
    )
    divided = VALIDATIONS[manifest.validation.kind]
    column = manifest.validation.column
    facts: list[Named] = [
        ("Version", f"{manifest.version}, {'serves' if is_champion else 'does not serve'}"),
        ("Regressor", manifest.model_type),
        ("Trained", f"{date(manifest.created_at[:16])} UTC"),
        ("In", duration(manifest.training_seconds)),
        ("Size", size(manifest.graph.size_bytes)),
        (
            "One row takes",
            NOTHING if manifest.latency_us is None else f"{short_number(manifest.latency_us, 3)}\u00a0µs",
        ),
        ("Intervals", _intervals(manifest)),
        ("File", isolated(data.filename)),
        ("Rows divided", [divided, ": " if column else None, isolated(column) if column else None]),
        ("SHA-256 of the file", element("code", data.sha256[:12], title=data.sha256)),
    ]
    return element(
        "section",
        element("h2", "Overview"),
        element("ul", *(tile(*texts) for texts in tiles), class_="tiles"),
        definition_list(facts),
        id="overview",
    )


def _notes(manifest: ModelManifest) -> Markup | None:
    """Return what training did on its own, and the libraries that it used."""
    notes = [*manifest.notes]
    earlier = manifest.dataset.earlier
    if earlier:
        notes.append(f"it was trained on the rows of {counted(len(earlier), 'earlier file')} as well")
    if manifest.race and manifest.race.cut:
        notes.append(manifest.race.cut)
    items = (element("li", isolated(note[:1].upper() + note[1:].rstrip(".") + ".")) for note in notes)
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    return element(
        "section",
        element("h2", "Training notes"),
        element("ul", *items, class_="warnings") if notes else None,
        element("p", f"Trained with {libraries}.", class_="caption"),
        id="notes",
    )


def _intervals(manifest: ModelManifest) -> str:
    """Return how wide the bounds of `interval=` are."""
    if not manifest.interval_quantiles:
        return NOTHING
    return "adaptive, wider where errors are larger" if manifest.spread_quantiles else "of equal width for every row"
