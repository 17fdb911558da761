"""What every order for many predictions names: the model, and how strictly and with which bounds it predicts."""

from typing import Any

from core.manifests import Document


class PredictionOrder(Document):
    """A stored model by name and version, or one that the caller brings along; the fields of POST /predict."""

    model_name: str | None = None
    version: int | None = None
    model_data: str | None = None
    model_info: dict[str, Any] | None = None
    strict: bool = False
    interval: float | None = None
