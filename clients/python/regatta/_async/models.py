"""Models: `client.models`."""

from typing import Any

from regatta._async.connection import AsyncConnection
from regatta.answers import Model


class AsyncModels:
    """Trains models, compares them, and chooses which version serves."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def train(self, model_type: str, target: str | None = None, **options: Any) -> Model:
        """Train a model on the current file and return its new version."""
        body = {"model_type": model_type, "target_column": target, **options}
        return Model.of(await self._connection.json("POST", "/model/train", keyed=True, json=body))
