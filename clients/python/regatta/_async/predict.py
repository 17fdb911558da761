"""Predictions: `client.predict`."""

from collections.abc import Mapping, Sequence
from typing import Any

from regatta._async.connection import AsyncConnection
from regatta.answers import Model, Prediction, Predictions


class AsyncPredict:
    """Predicts: call it with rows, or `row` with one."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def __call__(
        self, rows: Sequence[Mapping[str, Any]], model: str | Model | None = None, **options: Any
    ) -> Predictions:
        """Predict rows and return the predictions in their order."""
        body = {"data": list(rows), "model_name": _name(model), **options}
        return Predictions.of(await self._connection.json("POST", "/predict/batch", pure=True, json=body))

    async def row(self, row: Mapping[str, Any], model: str | Model | None = None, **options: Any) -> Prediction:
        """Predict one row."""
        body = {"data": dict(row), "model_name": _name(model), **options}
        return Prediction.of(await self._connection.json("POST", "/predict", pure=True, json=body))


def _name(model: str | Model | None) -> str | None:
    return model.model_name if isinstance(model, Model) else model
