"""Decide whether a new file is fit to train on, and whether the challenger trained on it takes the champion's place.

A challenger that was trained on a corrupted file looks best on that file. So two questions are asked in this order:
is the file like the ones that the champion was trained on, or does the next file confirm it; and only then: which of
the two models has the smaller error on rows that neither was trained on.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.array_types import Floats
from core.errors import ArrivalRefusedError, NoSuchFileError, NotFoundError, RegattaError
from core.manifests import DatasetManifest
from core.model_manifest import ModelManifest
from core.progress import progress_within
from core.regressors.metrics import evaluate
from core.regressors.splits import Split
from core.services.retraining.contradictions import hold
from core.services.retraining.decision import ArrivalCase
from core.services.retraining.drift import drift_of_columns
from core.services.retraining.paired_comparison import ErrorDifference, difference
from core.services.retraining.plausibility import Plausibility, plausibility
from core.services.retraining.schema_changes import NAMES_SHOWN, compare_schema, refusals, unseen_levels
from core.services.retraining.series_meaning import as_series_reads
from core.services.retraining.serving_model import ServingModel
from core.services.training.join_files import Opened, join, open_files, opened_as
from core.services.training.publish import Publication, publish_model
from core.services.training.read_as import read_as
from core.services.training.refit_stored import (
    forecast_retraining,
    limit_rows,
    refit_as,
    retrain_as,
    rows_of_each,
)
from core.storage.series_repository import Arrival, Series
from core.types import Json

# With fewer rows that neither model was trained on, all rows of the holdout are compared.
FEWEST_FRESH = 20


def decide_next(case: ArrivalCase, dataset: DatasetManifest, before: int, target: str) -> Json | None:
    """Decide about a file whose series has a champion, version `before`; None where another one serves by now.

    Raises `ArrivalRefusedError` for a file that cannot be trained on, and what training raises.
    """
    champion = ServingModel.load(case.workspace, case.name, before)
    series = case.series()
    model = as_series_reads(champion.manifest, case.settings.reading)
    if model.target_column != target:
        raise ArrivalRefusedError(
            f"The model {case.name!r} predicts {model.target_column!r}, and the series is to predict {target!r}. Give "
            "the series another name, or delete the model."
        )
    if twin := series.twin(dataset.file_id, dataset.sha256):
        known = "was learned from" if twin.learned else "was held back"
        reason = f"brings nothing new: it has the same bytes as {twin.filename!r}, which {known} already"
        return case.end("old", reason, champion=before)
    most_rows = rows_of_each(model, [*_other_files(case, series, model), dataset])
    if most_rows is not None:
        case.note(f"at most {most_rows:,} rows of each file were read, spread evenly: memory allows no more")
    file = read_as(case.workspace, dataset.file_id, model, most_rows)
    schema = case.found["schema"] = compare_schema(file, model)
    contradictions = schema["contradictions"]
    if contradictions and not schema["missing"]:
        return hold(case, file, contradictions, before)
    if reasons := refusals(schema):
        raise ArrivalRefusedError(f"The file does not fit the model: {'; '.join(reasons)}.")
    opened, case.forecast = opened_as(file), forecast_retraining(model, dataset)
    schema["unseen"] = unseen_levels(opened.frame, model)
    return _ChampionChallenger(case, series, champion, model, opened, most_rows).decide()


def _other_files(case: ArrivalCase, series: Series, model: ModelManifest) -> list[DatasetManifest]:
    """Return the files that the champion knows, those of the window and the one that is held, if they are there."""
    arrivals = [*series.window(case.written), *([series.held] if series.held else [])]
    file_ids = [*(model.dataset.earlier or []), model.dataset.file_id, *(one.file_id for one in arrivals)]
    found = []
    for file_id in dict.fromkeys(file_ids):
        with suppress(NoSuchFileError):
            found.append(case.workspace.datasets.manifest(file_id))
    return [one for one in found if one.file_id != case.command.file_id]


class _ChampionChallenger:
    """The comparison of one file, which the champion can read, with that champion."""

    def __init__(
        self,
        case: ArrivalCase,
        series: Series,
        champion: ServingModel,
        model: ModelManifest,
        opened: Opened,
        most_rows: int | None,
    ) -> None:
        self.case = case
        self.series = series
        self.champion = champion
        # The champion with its columns as the series reads them.
        self.model = model
        self.opened = opened
        # How many rows of each file there is memory for; None where all have room.
        self.most_rows = most_rows
        known = [*(model.dataset.earlier or []), model.dataset.file_id]
        window = [one.file_id for one in series.window(case.written)]
        self._files = open_files(case.workspace, [*known, *window], model, most_rows)
        self._files[opened.dataset.file_id] = opened
        self._noted: set[str] = set()
        self.known = self._open(known)

    def decide(self) -> Json | None:
        """Apply the policy, step by step; return the decision, None where another version serves by now."""
        case, old = self.case, self.series.is_old(self.case.written)
        rows = self.rows(self.opened)
        case.found["drift"] = drift_of_columns(self.model, [one.frame for one in self.known], rows)
        found = plausibility(self.model, self.target(rows), self.champion.predict(rows), self.series.usual_errors)
        case.found["plausibility"] = asdict(found)
        case.surprise, case.missed_by = found.outside, found.mse**0.5
        held = self.series.held
        # A file written before the held one neither confirms nor contradicts it.
        held = None if old or held is None or held.last_modified > case.written else held
        if found.jumped:
            if held is None or not self._confirms(held, rows):
                return self._hold(found, held, old=old)
            case.surprise = case.missed_by = None
            return self._challenge([held], _about(held, confirmed=True))
        if old:
            reason = (
                "a file that was written later was learned from before it, so nothing changes about what serves; the "
                "next challenger learns from it"
            )
            return case.end("old", reason, learned=True, champion=self.model.version)
        about = _about(held, why="the next file is like what the champion knows")
        return self._challenge(self.series.window(case.written), about)

    def _hold(self, found: Plausibility, held: Arrival | None, *, old: bool) -> Json | None:
        """Hold a file that is out of all proportion; refuse it where a model of this file alone predicts nothing."""
        data = limit_rows(self.model, join(self.opened, [], self.model))
        probe = refit_as(self.model, data, progress_within(self.case.report_progress, 0.3, 0.6))
        own = self.opened.frame.loc[data.test_x.index]
        actual = self.target(own)
        by_itself = difference(actual, probe.predict(own), np.full(len(actual), data.train_y.mean()))
        words = "; ".join([*found.reasons, *self._drifted()])
        if by_itself.upper >= 0:
            self.case.note(_in_words("a model of this file alone", "its mean", by_itself))
            raise ArrivalRefusedError(
                f"The file is not like what the champion knows: {words}. Nor does it say anything else: a model of "
                "this file alone is not clearly better than always saying its mean. Its target may be that of other "
                "rows. Correct the file and put it again."
            )
        later = " It was written before what is learned from by now, so no later file can confirm it." if old else ""
        reason = (
            f"held back, and not learned from: {words}. If the next file says the same, both are learned from; if not, "
            f"this one stays out.{later}"
        )
        about = _about(held, why="the next file does not say the same")
        return self.case.end("held", reason, champion=self.model.version, contradicted=old, held=about)

    def _drifted(self) -> list[str]:
        """Describe the columns that have drifted far."""
        drift = self.case.found["drift"] or {"columns": []}
        far = [repr(column["name"]) for column in drift["columns"] if column["level"] == "large"]
        return [f"{', '.join(far[:NAMES_SHOWN])} drifted far"] if far else []

    def _confirms(self, held: Arrival, rows: pd.DataFrame) -> bool:
        """Return whether a model of the held file predicts this file better than the champion and than its mean do.

        The two files have to be independent, so rows that both have do not count; neither alone outweighs
        the champion.
        """
        (witness,) = self._open([held.file_id]) or (None,)
        if witness is None:
            return False
        names = [*(feature.name for feature in self.model.features), self.model.target_column]
        rows = rows[~np.isin(_hashes(rows, names), _hashes(witness.frame, names))]
        if len(rows) < FEWEST_FRESH:
            return False
        data = limit_rows(self.model, join(witness, [], self.model))
        probe = refit_as(self.model, data, progress_within(self.case.report_progress, 0.2, 0.3))
        actual, predicted = self.target(rows), probe.predict(rows)
        by_champion = difference(actual, predicted, self.champion.predict(rows))
        by_mean = difference(actual, predicted, np.full(len(actual), actual.mean()))
        self.case.note(_in_words(f"a model of {held.filename!r} alone", "the champion", by_champion))
        return by_champion.upper < 0 and by_mean.upper < 0

    def _challenge(self, window: Sequence[Arrival], about: Json | None) -> Json | None:
        """Train a challenger on the file and those of the window, compare it with the champion, and decide."""
        case = self.case
        earlier = self._open([one.file_id for one in window if one.file_id != self.opened.dataset.file_id])
        data = limit_rows(self.model, join(self.opened, earlier, self.model))
        challenger = self._challenger(data, [one.dataset.file_id for one in earlier])
        case.found["learned"] = {
            "mode": self.series.settings.mode,
            "files": [*(challenger.manifest.dataset.earlier or []), self.opened.dataset.file_id],
            "rows": challenger.manifest.dataset.rows_train,
        }
        case.report_progress("judging", 0.95)
        version, before = challenger.manifest.version, self.model.version
        if {f.name for f in challenger.manifest.features} - set(self.opened.frame):
            reason = f"version {before} has other columns and began to serve while this was learned, so it stays"
            return case.end("accepted", reason, learned=True, version=version, champion=before, held=about)
        fresh = self._fresh(data)
        found = difference(self.target(fresh), challenger.predict(fresh), self.champion.predict(fresh))
        tolerance = self.series.settings.tolerance
        mean = np.full(len(fresh), data.train_y.mean())
        case.found["scores"] = {
            "rows": len(fresh),
            "champion": self.champion.metrics(fresh),
            "challenger": challenger.metrics(fresh),
            "mean": evaluate(self.target(fresh), mean),
            "difference": {**_finite(found), "tolerance": tolerance},
        }
        promoted = found.upper <= tolerance
        words = _in_words(f"the challenger, version {version},", f"the champion, version {before},", found)
        verdict = (
            f"that is at most {tolerance:.1%} worse whatever chance had to do with it, so it serves from now on"
            if promoted
            else f"it may be more than {tolerance:.1%} worse, so the champion stays"
        )
        return case.end(
            "accepted",
            f"{words}; {verdict}",
            learned=True,
            version=version,
            champion=before,
            promoted=promoted,
            held=about,
        )

    def _challenger(self, data: Split, earlier: list[str]) -> ServingModel:
        """Return the version that this job has published, or train and publish it; it does not serve yet."""
        case = self.case
        done = case.workspace.models.published_by(case.name, case.job_id)
        if done is None:
            trained = retrain_as(self.model, data, progress_within(case.report_progress, 0.3, 0.9))
            case.report_progress("storing", 0.9)
            dataset = self.opened.dataset.model_copy(update={"recipe": self.model.recipe})
            publication = Publication(
                case.workspace.models,
                dataset,
                self.model.test_size,
                case.job_id,
                earlier=earlier,
                like=self.model,
                promote=False,
            )
            done = publish_model(publication, case.name, data, trained)
        return ServingModel.load(case.workspace, case.name, done.version)

    def _fresh(self, data: Split) -> pd.DataFrame:
        """Return the rows of the holdout that neither model was trained on: files may repeat earlier rows."""
        holdout = self.opened.frame.loc[data.test_x.index]
        names = [*data.train_x.columns, self.model.target_column]
        learned = data.train_x.assign(**{self.model.target_column: data.train_y})
        seen = np.concatenate([_hashes(frame, names) for frame in (learned, *(one.frame for one in self.known))])
        fresh = holdout[~np.isin(_hashes(holdout, names), seen)]
        if len(fresh) >= FEWEST_FRESH:
            return fresh
        if len(fresh) < len(holdout):
            words = "rows of the holdout have not been learned from"
            self.case.note(f"only {len(fresh)} {words}, so all {len(holdout)} judge")
        return holdout

    def _open(self, file_ids: Sequence[str]) -> list[Opened]:
        """Return these files with the champion's columns; leave out those that were deleted or do not fit it."""
        found = []
        for file_id in file_ids:
            if file_id not in self._files:
                self._files |= open_files(self.case.workspace, [file_id], self.model, self.most_rows)
            file = self._files[file_id]
            if isinstance(file, Opened):
                found.append(file)
            if file_id not in self._noted:
                self._noted.add(file_id)
                self._note(file_id, file)
        return found

    def _note(self, file_id: str, file: Opened | RegattaError) -> None:
        """Add a note about a file that is left out, or that is not read as the series reads its files."""
        left_out = "so it is neither learned from nor compared with"
        if isinstance(file, NotFoundError):
            self.case.note(f"the file {file_id} was deleted, {left_out}")
        elif isinstance(file, RegattaError):
            self.case.note(f"the file {file_id} does not fit the model any more, {left_out}: {file.detail}")
        elif file.own:
            names = ", ".join(map(repr, file.own[:NAMES_SHOWN]))
            self.case.note(f"{file.dataset.filename!r} has {names} as it was read by itself, since it was let in so")

    def rows(self, opened: Opened) -> pd.DataFrame:
        """Return the rows of a file that have a target."""
        return opened.frame[opened.frame[self.model.target_column].notna()]

    def target(self, frame: pd.DataFrame) -> Floats:
        """Return the target of each row, float64."""
        return frame[self.model.target_column].to_numpy(np.float64)


def _about(held: Arrival | None, *, confirmed: bool = False, why: str = "") -> Json | None:
    """Return the entry of a decision about an arrival that was held."""
    return None if held is None else {"job_id": held.job_id, "confirmed": confirmed, "why": why}


def _finite(found: ErrorDifference) -> Json:
    """Return the difference for JSON, None where it is infinite because the champion has no error."""
    return {name: value if np.isfinite(value) else None for name, value in asdict(found).items()}


def _in_words(ours: str, theirs: str, found: ErrorDifference) -> str:
    if found.value == 0:
        return f"{ours} errs as much as {theirs} on {found.rows:,} fresh rows"
    if found.value > 1:
        return f"{ours} errs {1 + found.value:.3g} times as much as {theirs} on {found.rows:,} fresh rows"
    return (
        f"{ours} errs {abs(found.value):.1%} {'more' if found.value > 0 else 'less'} than {theirs} on "
        f"{found.rows:,} fresh rows (between {found.lower:+.1%} and {found.upper:+.1%} with 95% certainty)"
    )


def _hashes(frame: pd.DataFrame, names: list[str]) -> NDArray[np.uint64]:
    """Return a hash for each row, equal for equal values."""
    return np.asarray(pd.util.hash_pandas_object(frame[names], index=False), np.uint64)
