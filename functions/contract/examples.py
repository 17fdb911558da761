"""A request for each operation that takes a body; they work one after another on the file of `regatta demo`.

The pages that are made of the document send them as they stand.
"""

from core.types import Json

JSON, CSV = "application/json", "text/csv"
# The first row of examples/california_housing.csv without its target.
ROW = {
    "longitude": -122.23,
    "latitude": 37.88,
    "housing_median_age": 41,
    "total_rooms": 880,
    "total_bedrooms": 129,
    "population": 322,
    "households": 126,
    "median_income": 8.3252,
    "ocean_proximity": "NEAR BAY",
}
OTHER_ROW = {**ROW, "median_income": 3.5, "ocean_proximity": "INLAND"}
TARGET = "median_house_value"
MODEL, SERIES = "houses", "sales"


def _csv(*rows: Json) -> str:
    return "".join(",".join(map(str, cells)) + "\n" for cells in (rows[0], *(row.values() for row in rows)))


def _tensor(name: str) -> Json:
    values = [ROW[name], OTHER_ROW[name]]
    kind = "BYTES" if isinstance(values[0], str) else "FP64"
    return {"name": name, "datatype": kind, "shape": [2, 1], "data": values}


INFER: Json = {JSON: {"inputs": [_tensor(name) for name in ROW]}}
EXAMPLES: dict[tuple[str, str], Json] = {
    ("PATCH", "/data/files/{file_id}"): {JSON: {"filename": "houses-1990.csv"}},
    ("PATCH", "/data/files/{file_id}/reading"): {JSON: {"missing": ["-999"]}},
    ("POST", "/data/process"): {JSON: {"handle_missing": "median", "target_column": TARGET}},
    ("POST", "/data/uploads"): {JSON: {"filename": "houses.csv", "size_bytes": 1_427_000}},
    ("POST", "/model/train"): {JSON: {"model_type": "ridge", "target_column": TARGET, "model_name": MODEL}},
    ("POST", "/model/compare"): {JSON: {"target_column": TARGET, "test_size": 0.2}},
    ("POST", "/model/champion/{model_name}"): {JSON: {"version": 1}},
    ("POST", "/predict"): {JSON: {"model_name": MODEL, "data": ROW, "interval": 0.9}},
    ("POST", "/predict/batch"): {
        JSON: {"model_name": MODEL, "columns": list(ROW), "rows": [list(ROW.values()), list(OTHER_ROW.values())]},
        CSV: _csv(ROW, OTHER_ROW),
    },
    ("POST", "/predict/export"): {JSON: {"model_name": MODEL, "data": [ROW, OTHER_ROW], "format": "csv"}},
    ("POST", "/v2/models/{model_name}/infer"): INFER,
    ("POST", "/v2/models/{model_name}/versions/{version}/infer"): INFER,
    ("POST", "/model/rename/{model_name}"): {JSON: {"new_name": "flats"}},
    ("PUT", "/series/{name}"): {JSON: {"target_column": TARGET, "window": 6}},
    ("PATCH", "/series/{name}/arrivals/{job_id}"): {JSON: {"learned": False}},
    ("POST", "/series/{name}/uploads"): {JSON: {"filename": "2026-11.csv", "size_bytes": 48_653}},
}
# By place and name what a parameter has besides.
PARAMETERS: dict[tuple[str, str], Json] = {
    ("path", "model_name"): {"example": MODEL},
    ("path", "version"): {"example": 1},
    ("path", "name"): {"example": SERIES, "description": "the name of the series"},
    ("header", "Prefer"): {
        "description": "respond-async: answer with a job; with wait=SECONDS, only if the work takes longer",
        "schema": {"type": "string"},
    },
    ("header", "If-None-Match"): {"description": "ETags of the bytes that the caller has"},
}
