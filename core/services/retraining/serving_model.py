"""A stored version as it serves: its manifest and its compiled graph."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from core.array_types import Floats
from core.compiler.compile import raw_columns_of_frame
from core.inference.session import CompiledModel
from core.model_manifest import Metrics, ModelManifest
from core.regressors.metrics import evaluate
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class ServingModel:
    """A champion or a challenger, ready to predict."""

    manifest: ModelManifest
    compiled: CompiledModel

    @classmethod
    def load(cls, workspace: Workspace, name: str, version: int) -> Self:
        """Load a version of a model; raises `NoSuchModelError`, `BadSignatureError`."""
        stored = workspace.models.load(name, version)
        return cls(stored.manifest, CompiledModel.from_manifest(stored.graph, stored.manifest))

    def predict(self, frame: Any) -> Floats:
        """Predict a frame of raw columns (float64, n rows), as a caller would get them."""
        return self.compiled.run(raw_columns_of_frame(frame, self.manifest.features))

    def metrics(self, frame: Any) -> Metrics:
        """Return the metrics on rows that have the target."""
        return evaluate(frame[self.manifest.target_column].to_numpy(np.float64), self.predict(frame))
