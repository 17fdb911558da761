"""A model that the caller keeps is believed only with its signature."""

import base64

import pytest

from core.errors import BadSignatureError
from core.storage.signed_models import StoredModel, decode_model, encode_model
from tests.support.model_versions import publish
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, WORKSPACE, Repositories, model_draft


def test_a_sealed_model_comes_back_whole(repositories: Repositories) -> None:
    publish(repositories)
    model = repositories.models.load("boat", 1)
    assert decode_model(encode_model(model), WORKSPACE) == model


def test_no_byte_of_a_sealed_model_may_change(repositories: Repositories) -> None:
    publish(repositories)
    sealed = base64.b64decode(encode_model(repositories.models.load("boat", 1)))
    for position in [*range(0, len(sealed), 29), len(sealed) - 1]:
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(BadSignatureError):
            decode_model(base64.b64encode(changed).decode(), WORKSPACE)


@pytest.mark.parametrize(
    "text", ["", "no base64 at all", "AAAA", "/////w==", "船", base64.b64encode(b"\0\0\0\2{}").decode()]
)
def test_what_was_never_sealed_is_refused(settled: None, text: str) -> None:
    with pytest.raises(BadSignatureError):
        decode_model(text, WORKSPACE)


def test_an_unsigned_model_is_refused(settled: None) -> None:
    with pytest.raises(BadSignatureError):
        decode_model(
            encode_model(StoredModel(model_draft(GRAPH_BYTES, PICKLE_BYTES, version=1), GRAPH_BYTES)), WORKSPACE
        )
