"""The Open Inference Protocol, spoken by a client that is not ours: NVIDIA's, as it comes."""

from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from tests.support.stack import Stack
from tests.support.workflow import gbk_csv

ROWS = [{"城市": "上海", "面积": 88.5, "房龄": 3}, {"城市": "成都", "面积": 40.0, "房龄": None}]
DATATYPES = {np.dtype(np.float64): "FP64", np.dtype(np.float32): "FP32", np.dtype(np.int64): "INT64"}


@pytest.fixture(scope="module")
def expected(stack: Stack) -> list[float]:
    """Train the model and return the predictions of POST /predict/batch for the rows."""
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        file_id = client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())}).json()["file_id"]
        payload = {"model_type": "ridge", "target_column": "价格", "model_name": "flats v2", "file_id": file_id}
        assert client.post("/model/train", json=payload).status_code == 200
        answer = client.post("/predict/batch", json={"model_name": "flats v2", "data": ROWS})
        predictions: list[float] = answer.json()["predictions"]
        return predictions


@pytest.fixture(scope="module")
def triton(stack: Stack, expected: list[float]) -> Iterator[InferenceServerClient]:
    client = InferenceServerClient(stack.base_url.removeprefix("http://"))
    yield client
    client.close()


def tensor(name: str, values: np.ndarray, *, binary: bool = True) -> InferInput:
    made = InferInput(name, list(values.shape), DATATYPES.get(values.dtype, "BYTES"))
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def rows(*, binary: bool = True, shape: tuple[int, ...] = (2,)) -> list[InferInput]:
    return [
        tensor("城市", np.array(["上海", "成都"], object).reshape(shape), binary=binary),
        tensor("面积", np.array([88.5, 40.0]).reshape(shape), binary=binary),
        tensor("房龄", np.array(["3", ""], object).reshape(shape), binary=binary),
    ]


def test_the_server_and_the_model_are_live_ready_and_described(triton: InferenceServerClient) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready("flats v2")
    assert triton.is_model_ready("flats v2", "1")
    assert not triton.is_model_ready("unknown")
    assert triton.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    described = triton.get_model_metadata("flats v2")
    assert (described["name"], described["versions"], described["platform"]) == (
        "flats v2",
        ["1"],
        "onnxruntime_onnx",
    )
    assert {tensor["name"]: tensor["datatype"] for tensor in described["inputs"]} == {
        "城市": "BYTES",
        "面积": "FP64",
        "房龄": "FP64",
    }
    assert all(tensor["shape"] == [-1, 1] for tensor in described["inputs"] + described["outputs"])
    assert triton.get_model_metadata("flats v2", "1") == described


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_it_predicts_what_our_own_route_predicts(
    triton: InferenceServerClient, expected: list[float], binary: bool, shape: tuple[int, ...]
) -> None:
    answer = triton.infer("flats v2", rows(binary=binary, shape=shape), request_id="42")
    predicted = answer.as_numpy("prediction")
    assert (predicted.dtype, predicted.shape) == (np.float64, (2, 1))
    assert predicted[:, 0].tolist() == expected
    assert (answer.get_response()["id"], answer.get_response()["model_version"]) == ("42", "1")
    assert "'房龄' has 1 missing value" in answer.get_response()["parameters"]["warnings"]


@pytest.mark.parametrize("binary", [True, False])
def test_an_output_comes_in_the_form_that_is_asked_for(
    triton: InferenceServerClient, expected: list[float], binary: bool
) -> None:
    wish = [InferRequestedOutput("prediction", binary_data=binary)]
    answer = triton.infer("flats v2", rows(), model_version="1", outputs=wish)
    assert answer.as_numpy("prediction")[:, 0].tolist() == expected
    assert ("data" in answer.get_output("prediction")) is not binary


def test_numbers_come_in_the_datatype_that_a_client_has(triton: InferenceServerClient, expected: list[float]) -> None:
    inputs = rows()
    inputs[1] = tensor("面积", np.array([88.5, 40.0], np.float32))
    inputs[2] = tensor("房龄", np.array([3.0, np.nan]))
    assert triton.infer("flats v2", inputs).as_numpy("prediction")[:, 0].tolist() == expected


def test_bounds_and_strictness_are_parameters(triton: InferenceServerClient, expected: list[float]) -> None:
    answer = triton.infer("flats v2", rows(), parameters={"interval": 0.8})
    assert answer.as_numpy("lower")[0, 0] < expected[0] < answer.as_numpy("upper")[0, 0]
    with pytest.raises(InferenceServerException, match="房龄"):
        triton.infer("flats v2", rows(), parameters={"strict": True})


def test_an_error_is_what_its_clients_read(triton: InferenceServerClient, stack: Stack) -> None:
    with pytest.raises(InferenceServerException, match="No model 'unknown' serves") as caught:
        triton.infer("unknown", rows())
    assert caught.value.status() == "404"
    with pytest.raises(InferenceServerException, match="has no version 9"):
        triton.get_model_metadata("flats v2", "9")
    with pytest.raises(InferenceServerException, match="none of prediction"):
        triton.infer("flats v2", rows(), outputs=[InferRequestedOutput("y")])
    with pytest.raises(InferenceServerException, match="Correct these fields"):
        triton.get_model_metadata("flats v2", "newest")
    answer = httpx.get(f"{stack.base_url}/v2/models/unknown")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"] == answer.json()["detail"]


@pytest.mark.parametrize("length", ["-1", "x", "99999999", "9" * 5000, "3", "²"])
def test_a_header_length_that_cannot_be_is_refused(stack: Stack, triton: InferenceServerClient, length: str) -> None:
    body, headers = b'{"inputs": []}', {"Inference-Header-Content-Length": length.encode()}
    answer = httpx.post(f"{stack.base_url}/v2/models/flats%20v2/infer", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]
    assert triton.is_server_live()


@pytest.mark.parametrize("body", [b"", b"{nope", b"[]", b"null", b"[" * 5000, b'{"inputs": 3}', b'{"inputs": [{}]}'])
def test_a_body_that_makes_no_sense_is_refused(stack: Stack, triton: InferenceServerClient, body: bytes) -> None:
    answer = httpx.post(f"{stack.base_url}/v2/models/flats%20v2/infer", content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]
    assert triton.is_server_live()
