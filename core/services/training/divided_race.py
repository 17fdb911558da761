"""A comparison or a portfolio search with `parallel` as a divided job: each trial is a task."""

from collections.abc import Mapping

from core.automl.trial import Trial, trial_statuses
from core.automl.trial_output import trial_output, with_output
from core.errors import TrainingFailedError
from core.jobs.commands import CompareCommand
from core.progress import ReportProgress
from core.services.training.race_plan import RaceFiles, RacePlan
from core.services.training.race_tasks import finish_race, plan_race, run_trial
from core.storage.task_repository import Division
from core.storage.workspace import Workspace
from core.types import Json


class DividedRace:
    """How a `CompareCommand` is divided; one that is not `parallel` is not."""

    def divide(
        self, workspace: Workspace, command: CompareCommand, report_progress: ReportProgress, job_id: str
    ) -> Division | None:
        """Prepare the folds and return the plan of the race; raises what `plan_race` raises."""
        if not command.parallel:
            return None
        facts = plan_race(workspace, command, _files(workspace, job_id), report_progress)
        return Division(tasks=len(facts["trials"]), facts=facts)

    def run_task(
        self,
        workspace: Workspace,
        command: CompareCommand,
        division: Division,
        number: int,
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Fit one trial on its folds and store what it predicted."""
        files = _files(workspace, job_id)
        return run_trial(workspace, command, files, division.facts, number, report_progress)

    def finish(
        self,
        workspace: Workspace,
        command: CompareCommand,
        division: Division,
        outputs: list[Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Select, refit and store; return what `core.services.training.compare.compare_models` does."""
        return self.finish_early(workspace, command, division, dict(enumerate(outputs)), report_progress, job_id)

    def standings(self, division: Division, outputs: Mapping[int, Json]) -> Json:
        """Return which trials are done, and the leaderboard so far."""
        planned = RacePlan.model_validate(division.facts).trials
        trials = [
            with_output(Trial(planned[one].candidate, planned[one].label, 0.0), facts, {})
            for one, facts in outputs.items()
        ]
        parts = {one.label: float(number in outputs) for number, one in enumerate(planned)}
        return {"parts": parts, "standings": trial_statuses(trials, ())}

    def give_up(self, workspace: Workspace, division: Division, number: int, why: str, job_id: str) -> Json:
        """Return the facts of a trial that has failed, and store that it predicted nothing."""
        planned = RacePlan.model_validate(division.facts).trials[number]
        failed = Trial(planned.candidate, planned.label, 0.0).with_failure(TrainingFailedError(why))
        facts, predicted = trial_output(failed)
        _files(workspace, job_id).store_predictions(number, predicted)
        return facts

    def finish_early(
        self,
        workspace: Workspace,
        command: CompareCommand,
        division: Division,
        outputs: Mapping[int, Json],
        report_progress: ReportProgress,
        job_id: str,
    ) -> Json:
        """Return the result of a search with these trials alone; raises `StoppedError` where there is none."""
        files = _files(workspace, job_id)
        return finish_race(workspace, command, files, division.facts, outputs, report_progress, job_id)


def _files(workspace: Workspace, job_id: str) -> RaceFiles:
    return RaceFiles(workspace.objects, workspace.tasks.folder(job_id))
