"""A request body for each operation that takes JSON; they work one after another on the file of `EXAMPLE_CSV`."""

from core.types import Json

EXAMPLE_CSV = "area,rooms,price\n" + "".join(
    f"{area},{area // 25 + 1},{1000 * area + 700 * (area % 7)}\n" for area in range(30, 90)
)
ROW = {"area": 54.5, "rooms": 3}

EXAMPLES: dict[tuple[str, str], Json] = {
    ("PATCH", "/data/files/{file_id}/reading"): {"missing": ["-999"]},
    ("POST", "/data/process"): {"handle_missing": "median", "target_column": "price"},
    ("POST", "/data/uploads"): {"filename": "houses.csv", "size_bytes": len(EXAMPLE_CSV)},
    ("POST", "/model/train"): {"model_type": "ridge", "target_column": "price", "model_name": "houses"},
    ("POST", "/model/compare"): {"target_column": "price", "test_size": 0.2},
    ("POST", "/model/champion/{model_name}"): {"version": 1},
    ("POST", "/model/rename/{model_name}"): {"new_name": "flats"},
    ("POST", "/predict"): {"model_name": "ridge", "data": ROW},
    ("POST", "/predict/batch"): {"model_name": "ridge", "columns": ["area", "rooms"], "rows": [[54.5, 3], [80, 4]]},
    ("POST", "/predict/export"): {"model_name": "ridge", "data": [ROW], "format": "csv"},
    ("POST", "/v2/models/{model_name}/infer"): {
        "inputs": [
            {"name": "area", "datatype": "FP64", "shape": [2, 1], "data": [54.5, 80]},
            {"name": "rooms", "datatype": "INT64", "shape": [2, 1], "data": [3, 4]},
        ]
    },
    ("PUT", "/series/{name}"): {"target_column": "price", "window": 6},
    ("PATCH", "/series/{name}/arrivals/{job_id}"): {"learned": False},
    ("POST", "/series/{name}/uploads"): {"filename": "2026-11.csv", "size_bytes": len(EXAMPLE_CSV)},
}
EXAMPLES["POST", "/v2/models/{model_name}/versions/{version}/infer"] = EXAMPLES["POST", "/v2/models/{model_name}/infer"]
