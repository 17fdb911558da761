"""The card of a model: what the file of its graph says of it, so that the file alone can read rows and predict.

It is JSON in the metadata of the ONNX model. A runtime that does not know it ignores it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field

from core.errors import InvalidInputError
from core.inference.intervals import Interval, interval_of
from core.inference.lost_texts import TrainedFeature
from core.manifests import Feature
from core.model_manifest import Baseline, CrossValidation, EnsembleMember, Importance, Metrics, ModelManifest
from core.stored_document import FormattedDocument

# The keys of the metadata: the columns, one an input of the graph, and all else.
COLUMNS, MODEL = "regatta.columns", "regatta.model"
# What a card takes beside its columns, without the quantiles of a learned spread: most are the quantiles of intervals.
# A column is as large as its feature, and so much larger: how its texts were spelled, and its importance.
CARD_BYTES, COLUMN_BYTES = 8_000, 200


class ModelCard(FormattedDocument):
    """What is known of a trained model besides its graph; the fields are those of `ModelManifest`."""

    format: Literal[1] = 1
    model_type: str
    target_column: str
    target: Feature | None = None
    # In the order of the inputs.
    features: list[TrainedFeature]
    metrics: Metrics
    train_metrics: Metrics = Field(default_factory=dict)
    baseline: Baseline | None = None
    cross_validation: CrossValidation
    interval_quantiles: list[float] = Field(default_factory=list)
    spread_quantiles: list[float] = Field(default_factory=list)
    importance: list[Importance] = Field(default_factory=list)
    target_transform: str = "none"
    members: list[EnsembleMember] = Field(default_factory=list)
    parameters: dict[str, Any]
    rows_train: int
    rows_test: int
    notes: list[str]
    libraries: dict[str, str]

    @classmethod
    def of(cls, manifest: ModelManifest, features: Sequence[TrainedFeature]) -> Self:
        """Return the card of a model; `features` are those of the manifest."""
        own = {name: getattr(manifest, name) for name in cls.model_fields.keys() & type(manifest).model_fields.keys()}
        rows = {"rows_train": manifest.dataset.rows_train, "rows_test": manifest.dataset.rows_test}
        return cls(**{**own, **rows, "features": list(features)})

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """Return the card in the metadata of a model; raises `InvalidInputError` where there is none."""
        if not {COLUMNS, MODEL} <= metadata.keys():
            raise InvalidInputError(
                "The file has a graph and no card: an earlier version of Regatta, or another program, wrote it. Train "
                "the model again, or run the graph by onnxruntime.",
                [{"field": "path", "message": "is no model with a card"}],
            )
        return cls.model_validate({**json.loads(metadata[MODEL]), "features": json.loads(metadata[COLUMNS])})

    def metadata(self) -> dict[str, str]:
        """Return the metadata that has the card."""
        columns = [feature.model_dump() for feature in self.features]
        rest = self.model_dump(mode="json", exclude={"features"})
        return {COLUMNS: json.dumps(columns, ensure_ascii=False), MODEL: json.dumps(rest, ensure_ascii=False)}

    def interval(self, level: float) -> Interval:
        """Return the prediction interval at a level between 0 and 1; raises `InvalidInputError` where there is none."""
        if not 0 < level < 1 or not self.interval_quantiles:
            raise InvalidInputError(
                "An interval is a fraction between 0 and 1, such as 0.9, of a model that keeps its residuals.",
                [{"field": "interval", "message": "must be between 0 and 1"}],
            )
        return interval_of(self.interval_quantiles, level, self.rows_train, self.spread_quantiles)


def card_bytes(features: Sequence[Feature]) -> int:
    """Return about how many bytes the card of a model with these features takes, rather more than fewer."""
    columns = json.dumps([feature.model_dump() for feature in features], ensure_ascii=False)
    return CARD_BYTES + COLUMN_BYTES * len(features) + len(columns.encode())
