"""What the tasks of a race have in common: the plan of its trials, and the arrays that they share."""

import time
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from core.array_types import Floats
from core.automl.trial import Trial
from core.catalogue import regressor
from core.manifests import Recipe
from core.model_manifest import TargetTransformName
from core.packed_arrays import pack_arrays, unpack_arrays
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache, Matrices
from core.storage.s3.object_store import ObjectStore
from core.stored_document import DamagedDocumentError
from core.types import Json


class PlannedTrial(BaseModel):
    """A trial that a task runs."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    label: str
    model_type: str
    params: Json
    target_transform: TargetTransformName

    @classmethod
    def of(cls, trial: Trial) -> "PlannedTrial":
        """Return the plan of a trial that has not begun."""
        one = trial.candidate
        return cls(
            label=trial.label,
            model_type=one.regressor.name,
            params=one.params,
            target_transform=one.target_transform,
        )

    @property
    def candidate(self) -> Candidate:
        """Return what is to be trained."""
        return Candidate(regressor(self.model_type), self.params, self.target_transform)


class RacePlan(BaseModel):
    """What does not change while the tasks of a race run: a trial for each task, and what they are compared on.

    `begun` is when the race began, in seconds since 1970. So many rows of the file are read; a portfolio search
    compares on `rows` train rows.
    """

    model_config = ConfigDict(frozen=True)

    begun: float
    recipe: Recipe
    rows_read: int
    trials: list[PlannedTrial]
    rows: int | None = None

    def monotonic(self, share: float, seconds: float) -> float:
        """Return when so large a share of a time limit is over, by `time.monotonic()` of this machine."""
        return time.monotonic() - time.time() + self.begun + share * seconds


@dataclass(frozen=True)
class RaceFiles:
    """The arrays of a race, below `folder` of the bucket: the matrices of each fold, and what each task predicted."""

    objects: ObjectStore
    folder: str

    def store_fold(self, fold_cache: FoldCache, number: int, *, codes: bool) -> None:
        """Prepare one fold and store its matrices."""
        prepared = fold_cache.prepared(number, codes=codes)
        arrays = {"train_x": prepared.train_x, "test_x": prepared.test_x}
        self.objects.put(self._fold_key(number, codes), pack_arrays(arrays))

    def load_fold(self, number: int, codes: bool) -> Matrices:
        """Return the matrices of one fold; raises `DamagedDocumentError`."""
        arrays = self._arrays(self._fold_key(number, codes))
        return arrays["train_x"], arrays["test_x"]

    def store_predictions(self, task: int, predicted: dict[str, Floats]) -> None:
        """Store what the trial of a task predicted, by number of the fold."""
        self.objects.put(self._output_key(task), pack_arrays(predicted))

    def predictions(self, task: int) -> dict[str, Floats]:
        """Return what the trial of a task predicted, by number of the fold; raises `DamagedDocumentError`."""
        return self._arrays(self._output_key(task))

    def _arrays(self, key: str) -> dict[str, Floats]:
        try:
            return unpack_arrays(self.objects.get(key))
        except ValueError as error:
            raise DamagedDocumentError(f"The arrays {key} are damaged. Send the request again.") from error

    def _fold_key(self, number: int, codes: bool) -> str:
        return f"{self.folder}folds/{number}{'-codes' if codes else ''}.npz"

    def _output_key(self, task: int) -> str:
        return f"{self.folder}output/{task:06}.npz"
