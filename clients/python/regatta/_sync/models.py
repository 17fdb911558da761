# Generated from regatta/_async/models.py by `make client`. Change that file.
"""Models: `client.models`."""

from typing import Any

from regatta._sync.connection import Connection
from regatta.answers import Model


class Models:
    """Trains models, compares them, and chooses which version serves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def train(self, model_type: str, target: str | None = None, **options: Any) -> Model:
        """Train a model on the current file and return its new version."""
        body = {"model_type": model_type, "target_column": target, **options}
        return Model.of(self._connection.json("POST", "/model/train", keyed=True, json=body))
