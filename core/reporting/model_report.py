"""The model report: one HTML page on a version of a model, from its manifest and what training stored beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.languages.tags import DEFAULT, Language
from core.model_manifest import ModelManifest
from core.reporting.effects_section import effects_section
from core.reporting.formatting import NOTHING, count, counted, date, duration, score, short_number, size
from core.reporting.html import Markup, Named, definition_list, element, folded, isolated
from core.reporting.leaderboard_section import Standing, leaderboard_section
from core.reporting.model_columns import columns_section
from core.reporting.model_errors import errors_section, segments_section
from core.reporting.model_parts import importance_section, parameters_section
from core.reporting.model_scores import intervals_section, scores_section
from core.reporting.names import regressor
from core.reporting.page import page, tile
from core.reporting.sentences import sentence
from core.reporting.words import say, say_with, written_in
from core.shares import share
from core.types import Json

# Of more than `MOST_NOTES` only so many are not folded.
MOST_NOTES, NOTES_SHOWN = 12, 8


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a version beyond its manifest; models of earlier versions of Regatta lack some of it.

    `evaluation` is what training stored of the holdout, `rivals` are the models of the same training, this one among
    them.
    """

    is_champion: bool
    evaluation: Json
    rivals: Sequence[Standing] = ()


def model_report(manifest: ModelManifest, facts: ModelFacts, language: Language = DEFAULT) -> str:
    """Return the whole page for a version of a model."""
    with written_in(language):
        return _page(manifest, facts)


def _page(manifest: ModelManifest, facts: ModelFacts) -> str:
    """Return the whole page in the language that is set."""
    plots = facts.evaluation.get("plots") or {}
    sections = {
        "overview": _overview(manifest, is_champion=facts.is_champion),
        "scores": scores_section(manifest),
        "leaderboard": leaderboard_section(manifest, facts.rivals),
        "errors": errors_section(manifest.target_column, plots),
        "segments": segments_section(facts.evaluation.get("segments") or [], manifest),
        "importance": importance_section(manifest),
        "effects": effects_section(manifest, facts.evaluation.get("effects") or {}),
        "intervals": intervals_section(manifest, plots),
        "parameters": parameters_section(manifest),
        "columns": columns_section(manifest),
        "notes": _notes(manifest),
    }
    footer = say("kinds.model.footer", version=manifest.version, name=manifest.model_name)
    target = element("b", isolated(manifest.target_column))
    subtitle = element("p", *say_with("model.predicts", target=target), class_="under")
    return page(manifest.model_name, "model", sections, footer, subtitle)


def _overview(manifest: ModelManifest, *, is_champion: bool) -> Markup:
    """Return the scores in short, and the facts about the training."""
    metrics, data = manifest.metrics, manifest.dataset
    rmse, mean_rmse = metrics.get("rmse"), (manifest.baseline.metrics if manifest.baseline else {}).get("rmse")
    less = None if rmse is None or not mean_rmse else 1 - rmse / mean_rmse
    tiles = (
        (say("metrics.r2.name"), score(metrics.get("r2")), say("model.perfect")),
        (say("model.usualError"), short_number(metrics.get("mae")), say("metrics.mae.meaning")),
        (
            say("model.againstMean"),
            NOTHING if less is None else say("model.less" if less >= 0 else "model.more", share=share(abs(less), 1)),
            say("model.thanMean"),
        ),
        (say("model.trainedOn"), count(data.rows_train), say("model.tested", n=count(data.rows_test))),
    )
    divided = say(f"model.validation.{manifest.validation.kind}")
    column = manifest.validation.column
    facts: list[Named] = [
        (say("model.version"), say("model.serves" if is_champion else "model.rests", version=manifest.version)),
        (say("model.regressor"), regressor(manifest.model_type)),
        (say("model.trained"), f"{date(manifest.created_at[:16])} UTC"),
        (say("model.in"), duration(manifest.training_seconds)),
        (say("model.size"), size(manifest.graph.size_bytes)),
        (
            say("model.latency"),
            NOTHING if manifest.latency_us is None else f"{short_number(manifest.latency_us, 3)}\u00a0µs",
        ),
        (say("model.intervals"), _intervals(manifest)),
        (say("model.file"), isolated(data.filename)),
        (say("model.divided"), [divided, say("colon") if column else None, isolated(column) if column else None]),
        (say("model.sha256"), element("code", data.sha256[:12], title=data.sha256)),
    ]
    return element(
        "section",
        element("h2", say("sections.overview")),
        element("ul", *(tile(*texts) for texts in tiles), class_="tiles"),
        definition_list(facts),
        id="overview",
    )


def _notes(manifest: ModelManifest) -> Markup | None:
    """Return what training did on its own, and the libraries that it used."""
    notes = [sentence(note) for note in manifest.notes]
    earlier = manifest.dataset.earlier
    if earlier:
        notes.append(isolated(say("notes.earlier", files=counted(len(earlier), "earlier_file"))))
    if manifest.race and manifest.race.cut:
        notes.append(sentence(manifest.race.cut))
    items = [element("li", note) for note in notes]
    shown = NOTES_SHOWN if len(items) > MOST_NOTES else len(items)
    libraries = say("comma").join(f"{name} {version}" for name, version in manifest.libraries.items())
    return element(
        "section",
        element("h2", say("notes.title")),
        element("ul", *items[:shown], class_="warnings") if items else None,
        folded(say("more", n=count(len(items) - shown)), element("ul", *items[shown:], class_="warnings"))
        if items[shown:]
        else None,
        element("p", say("notes.libraries", libraries=libraries), class_="caption"),
        id="notes",
    )


def _intervals(manifest: ModelManifest) -> str:
    """Return how wide the bounds of `interval=` are."""
    if not manifest.interval_quantiles:
        return NOTHING
    return say("model.adaptive" if manifest.spread_quantiles else "model.equal")
