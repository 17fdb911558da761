"""What a comparison compares: the split of a dataset, and a trial for each regressor and target transform."""

from collections.abc import Sequence

from core.automl.trial import Trial, make_trial
from core.catalogue import DEFAULT_MODEL_TYPES, regressor
from core.catalogue_entry import Regressor
from core.jobs.commands import CompareCommand
from core.manifests import Recipe
from core.model_manifest import TargetTransformName
from core.preprocessing.target_transforms import TARGET_TRANSFORMS
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import Split
from core.regressors.validation import requested_validation
from core.services.training.placement import RowsToRead, rows_to_read
from core.services.training.publish import Publication
from core.services.training.train import limits, open_split
from core.storage.workspace import Workspace


def open_comparison(
    workspace: Workspace,
    command: CompareCommand,
    job_id: str | None,
    recipe: Recipe | None = None,
    rows: int | None = None,
) -> tuple[Publication, Split]:
    """Return what the models of a comparison have in common, and the split.

    It is made by the stored recipe unless `recipe` is given, of as many rows as there is memory for here, or of `rows`.
    Raises what `compare_models` raises.
    """
    command.check_options()
    candidates = [Candidate(one) for one in included(command)]
    validation = requested_validation(command.validation, command.time_column, command.group_column)
    dataset, data = open_split(
        workspace,
        command.file_id,
        command.target_column,
        command.test_size,
        recipe,
        validation=validation,
        rows_to_read=lambda dataset: RowsToRead(rows) if rows else rows_to_read(command, dataset, candidates),
    )
    return Publication(workspace.models, dataset, command.test_size, job_id), data


def included(command: CompareCommand) -> list[Regressor]:
    """Return the regressors that are compared; raises `UnknownModelTypeError`."""
    names = dict.fromkeys([*DEFAULT_MODEL_TYPES, *command.include])
    return [regressor(name, "include") for name in names]


def make_trials(fold_cache: FoldCache, command: CompareCommand) -> list[Trial]:
    """Return a trial for each regressor and each target transform that is to be tried, before its first fit."""
    transforms = compared_transforms(command)
    candidates = [Candidate(one, target_transform=kind) for one in included(command) for kind in transforms]
    return [make_trial(fold_cache, candidate, limits(), _label(candidate, transforms)) for candidate in candidates]


def compared_transforms(command: CompareCommand) -> Sequence[TargetTransformName]:
    """Return the target transforms that each regressor is tried with."""
    return TARGET_TRANSFORMS if command.target_transform == "auto" else (command.target_transform,)


def _label(candidate: Candidate, transforms: Sequence[TargetTransformName]) -> str:
    return (
        candidate.regressor.name
        if len(transforms) == 1
        else f"{candidate.regressor.name}, {candidate.target_transform}"
    )
