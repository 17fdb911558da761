"""Large batches of plain records, from the bytes of the body to the predictions by the shortest way."""

from typing import Any

import msgspec
from pydantic_core import from_json

from core.predicting.prediction import Model, Predictions, predict_sent
from core.scoring.plain_records import plain_records, sent_plain
from core.settings import settings
from functions.predict.orders import ManyOrder

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def predict_plain(workspace: str, body: bytes) -> tuple[Model, Predictions] | None:
    """The model that the JSON in `body` names and what it predicts of the records there.

    None, without a word, where something is not as it should be or as it mostly is: reading `body` as a `BatchOrder`
    finds out what. Raises what finding the model and predicting raise.
    """
    found = _apart(body)
    if found is None:
        return None
    order, data = found
    model = order.model(workspace)
    records = plain_records(data, model.manifest.features)
    if not records or len(records) > settings().max_batch_rows:
        return None
    pieces = (
        sent_plain(records[start : start + order.batch_size], model.manifest.features)
        for start in range(0, len(records), order.batch_size)
    )
    return model, predict_sent(model, pieces, strict=order.strict, interval=order.interval)


def _apart(body: bytes) -> tuple[ManyOrder, msgspec.Raw] | None:
    """The order, and the records as they came."""
    try:
        fields: dict[str, Any] = _FIELDS.decode(body)
        data = fields.pop("data")
        return ManyOrder.model_validate({name: from_json(bytes(value)) for name, value in fields.items()}), data
    except (msgspec.MsgspecError, RecursionError, KeyError, ValueError):
        return None
