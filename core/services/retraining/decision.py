"""One arrival while it is decided: the command, the findings so far, and how the decision is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from core.jobs.commands import RetrainCommand
from core.jobs.effort import is_in_batch
from core.manifests import DatasetManifest
from core.progress import ReportProgress
from core.reporting.decision_page import retraining_page
from core.services.series.arrivals import parse_arrival_key
from core.storage.series_repository import Arrival, Series, SeriesSettings, State, TrainingForecast
from core.storage.workspace import Workspace
from core.stored_document import now
from core.telemetry.facts import note
from core.telemetry.metrics import count
from core.types import Json

# A retry does not change these.
FINAL = frozenset({"accepted", "held", "superseded", "old"})


@dataclass
class ArrivalCase:
    """One arrival while it is decided. `found` becomes the body of its report."""

    workspace: Workspace
    command: RetrainCommand
    report_progress: ReportProgress
    job_id: str
    dataset: DatasetManifest | None = None
    found: Json = field(default_factory=dict)
    surprise: float | None = None
    missed_by: float | None = None
    forecast: TrainingForecast | None = None
    _settings: SeriesSettings | None = None

    @property
    def name(self) -> str:
        """Return the name of the series and of its model."""
        return self.command.series

    @property
    def written(self) -> str:
        """Return when the object was written, in UTC as ISO 8601."""
        return self.command.last_modified

    @property
    def settings(self) -> SeriesSettings:
        """Return the settings of the series as they were when the work on this arrival began."""
        if self._settings is None:
            self._settings = self.series().settings
        return self._settings

    def series(self) -> Series:
        """Return the series as the bucket has it now."""
        return self.workspace.series.read(self.name, fresh=True) or Series(name=self.name)

    def note(self, words: str) -> None:
        """Add a note to the report."""
        self.found.setdefault("notes", []).append(words)

    def decided(self) -> Json | None:
        """Return what an earlier attempt decided, or None; finish one that was killed right after the promotion."""
        arrival = self.series().arrival(self.job_id)
        if arrival is None:
            report = self.workspace.series.report(self.name, self.job_id)
            before = Arrival.model_validate(report["arrival"]) if report else None
            serves = self.workspace.models.serving(self.name, fresh=True)
            if report is not None and before is not None and before.promoted and before.version == serves:
                self._keep(before, report["held"])
                arrival = before
        if arrival is None or arrival.state not in FINAL:
            return None
        return self._decision(arrival)

    def end(
        self,
        state: State,
        reason: str,
        *,
        learned: bool = False,
        version: int | None = None,
        champion: int | None = None,
        promoted: bool = False,
        contradicted: bool = False,
        held: Json | None = None,
        contradicts: Sequence[str] = (),
        fits_by_itself: bool = True,
        takes_over: bool = False,
    ) -> Json | None:
        """Store the decision; `promoted` lets `version` serve in the place of `champion`, if that one still serves.

        The report is stored first, then the promotion, then the series, so that a retry finds out how far this got.
        `held` has what the decision means for a held arrival: `confirmed` or `contradicted`. `contradicts` are columns
        that contradict how the series reads them; `takes_over` says that the model is not the series' own. Return None
        where another version serves by now: then nothing is decided.
        """
        scores = self.found.get("scores") or {}
        arrival = Arrival(
            job_id=self.job_id,
            filename=parse_arrival_key(self.command.key).filename,
            **self.command.model_dump(include={"file_id", "key", "etag", "size_bytes", "last_modified"}),
            state=state,
            learned=learned,
            version=version,
            champion=version if promoted else champion,
            promoted=promoted,
            reason=reason,
            rows=self.dataset.rows if self.dataset else None,
            sha256=self.dataset.sha256 if self.dataset else None,
            surprise=self.surprise,
            missed_by=self.missed_by,
            champion_rmse=(scores.get("champion") or {}).get("rmse"),
            challenger_rmse=(scores.get("challenger") or {}).get("rmse"),
            contradicted=contradicted,
            contradicts=list(contradicts),
            reading=self.settings.reading if self.settings.reading.asked and state in ("held", "waiting") else None,
            fits_by_itself=fits_by_itself,
            takes_over=takes_over,
            training="batch" if is_in_batch() else "function",
            forecast=self.forecast,
        )
        report = self._report(arrival, champion, held)
        self.workspace.series.write_report(self.name, self.job_id, report, retraining_page(report))
        if version is not None and promoted and not self._promote(version, champion):
            return None
        self._keep(arrival, held)
        count("arrivals", state)
        note(series=self.name, state=state, promoted=promoted, version=version)
        return self._decision(arrival)

    def _keep(self, arrival: Arrival, held: Json | None) -> None:
        """Store the decision in the series, and what it means for a held arrival."""

        def edit(series: Series) -> Series:
            before = series.arrival(held["job_id"]) if held else None
            if held and before:
                series = confirmed(series, before) if held["confirmed"] else contradicted(series, before, held["why"])
            return series.with_arrival(arrival)

        self.workspace.series.change(self.name, edit)

    def _promote(self, version: int, before: int | None) -> bool:
        """Let a version serve in the place of `before`, with which it was compared; return whether it serves.

        The model is the series' own first: a file that comes at this moment must not find it to be somebody else's.
        """
        self.workspace.series.change(
            self.name, lambda series: None if series.owned else series.model_copy(update={"owned": True})
        )
        return self.workspace.models.replace_champion(self.name, version, before)

    def _decision(self, arrival: Arrival) -> Json:
        """Return the result of the job, which is also the body of the notifications."""
        links = {"report": f"/series/{quote(self.name)}/reports/{self.job_id}"}
        return {"series": self.name, **arrival.model_dump(), "links": links}

    def _report(self, arrival: Arrival, before: int | None, held: Json | None) -> Json:
        file = None if self.dataset is None else {**self.dataset.summary(), "warnings": self.dataset.warnings}
        links = {"history": f"/series/{quote(self.name)}/history"}
        if file is not None:
            links["data"] = f"/data/report?file_id={arrival.file_id}"
        for role, version in {"champion": before, "challenger": arrival.version}.items():
            if version is not None:
                links[role] = f"/model/info?model_name={quote(self.name)}&version={version}"
        return {
            "series": self.name,
            "created_at": now(),
            "arrival": arrival.model_dump(),
            "file": file,
            "before": before,
            "held": held,
            **{name: self.found.get(name) for name in ("schema", "drift", "plausibility", "learned", "scores")},
            "notes": self.found.get("notes", []),
            "links": links,
        }


def confirmed(series: Series, held: Arrival) -> Series:
    """Return the series with a held file accepted, since the next one confirms it, and nothing older in its window."""
    reason = f"{held.reason} The next file did say the same."
    accepted = held.let_in(reason)
    return series.model_copy(update={"since": held.last_modified}).with_arrival(accepted)


def contradicted(series: Series, held: Arrival, why: str) -> Series:
    """Return the series with a held file marked as contradicted."""
    reason = f"{held.reason} It stays out: {why}."
    return series.with_arrival(held.model_copy(update={"contradicted": True, "reason": reason}))
