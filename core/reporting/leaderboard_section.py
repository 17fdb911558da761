"""The leaderboard of a model report: the models of the same training, and what was tried for this one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.model_manifest import ModelManifest, TrialRecord
from core.reporting.formatting import NOTHING, count, counted, score, short_number, size
from core.reporting.html import Content, Markup, element, folded, isolated, scrolled
from core.reporting.model_parts import parameter
from core.reporting.names import regressor
from core.reporting.words import listing, say

# A table of more trials is no reading, and of those on the page not all are open.
TRIALS_SHOWN, TRIALS_OPEN = 30, 10
# The words of the heads of a table, each with whether numbers stand below it.
Heads = Sequence[tuple[str, bool]]
STANDING: Heads = (
    ("leaderboard.place", True),
    ("leaderboard.model", False),
    ("leaderboard.regressor", False),
    ("leaderboard.r2", True),
    ("metrics.rmse.name", True),
    ("leaderboard.size", True),
)
TRIAL: Heads = (
    ("leaderboard.candidate", False),
    ("metrics.r2.name", True),
    ("leaderboard.spread", True),
    ("leaderboard.rows", True),
    ("leaderboard.folds", True),
    ("leaderboard.seconds", True),
)


@dataclass(frozen=True)
class Standing:
    """A model of the same training: its scores on the holdout, and the bytes of its graph."""

    model_name: str
    version: int
    model_type: str
    r2: float | None
    rmse: float | None
    size_bytes: int


def leaderboard_section(manifest: ModelManifest, rivals: Sequence[Standing]) -> Markup | None:
    """Return the models that were trained together and the trials of this one; None for a model trained alone."""
    parts = [
        *([_standings(manifest, rivals)] if len(rivals) > 1 else []),
        *([_trials(manifest.trials)] if manifest.trials else []),
    ]
    if not parts:
        return None
    heading = element("h2", say("sections.leaderboard"))
    return element("section", heading, element("div", *parts, class_="stacked"), id="leaderboard")


def _standings(manifest: ModelManifest, rivals: Sequence[Standing]) -> Markup:
    """Return the models of the same training, the best first."""
    ranked = sorted(rivals, key=lambda one: (one.r2 is None, -(one.r2 or 0.0)))
    lines = (
        _line(
            STANDING,
            (
                count(place),
                isolated(one.model_name),
                regressor(one.model_type),
                score(one.r2),
                short_number(one.rmse),
                size(one.size_bytes),
            ),
            is_this=(one.model_name, one.version) == (manifest.model_name, manifest.version),
        )
        for place, one in enumerate(ranked, 1)
    )
    note = element("p", say("leaderboard.note"), class_="note")
    return element("div", note, scrolled(say("sections.leaderboard"), _table(STANDING, lines)))


def _trials(trials: Sequence[TrialRecord]) -> Markup:
    """Return the candidates that were tried, the best of those on most rows first, with the parameters that differ."""
    ranked = sorted(trials, key=lambda trial: (-trial.rows, trial.mean is None, -(trial.mean or 0.0)))
    shown = ranked[:TRIALS_SHOWN]
    differing = _differing([trial.parameters for trial in trials])
    lines = [
        _line(
            TRIAL,
            (
                _candidate(trial, differing),
                score(trial.mean),
                score(trial.std),
                count(trial.rows),
                count(trial.folds),
                short_number(trial.seconds, 3),
            ),
        )
        for trial in shown
    ]
    note = say("leaderboard.tried", candidates=counted(len(trials), "candidate"))
    if len(trials) > len(shown):
        note += say("leaderboard.shown", n=count(len(shown)))
    first, rest = (
        scrolled(say("leaderboard.candidates"), _table(TRIAL, part))
        for part in (lines[:TRIALS_OPEN], lines[TRIALS_OPEN:])
    )
    return element(
        "div",
        element("p", note, class_="note"),
        first,
        folded(counted(len(lines) - TRIALS_OPEN, "more_candidate"), rest) if len(lines) > TRIALS_OPEN else None,
    )


def _differing(every: Sequence[dict[str, Any]]) -> list[str]:
    """Return the parameters that are not the same in all candidates."""
    names = sorted({name for parameters in every for name in parameters})
    return [name for name in names if len({repr(parameters.get(name)) for parameters in every}) > 1]


def _candidate(trial: TrialRecord, differing: Sequence[str]) -> Content:
    """Return what sets a candidate apart, or why it failed."""
    said: list[Content] = [
        [name, " ", parameter(trial.parameters[name])] for name in differing if name in trial.parameters
    ]
    if trial.target_transform != "none":
        said.append(say(f"parameters.transforms.{trial.target_transform}"))
    if trial.error is not None:
        said.append(isolated(trial.error))
    return listing(said) or NOTHING


def _table(heads: Heads, lines: Iterable[Markup]) -> Markup:
    head = (element("th", say(key), scope="col", class_="number" if number else None) for key, number in heads)
    return element("table", element("thead", element("tr", *head)), element("tbody", *lines))


def _line(heads: Heads, cells: Sequence[Content], *, is_this: bool = False) -> Markup:
    pairs = zip(heads, cells, strict=True)
    tds = (element("td", cell, class_="number" if number else "wraps") for (_, number), cell in pairs)
    return element("tr", *tds, class_="this" if is_this else None)
