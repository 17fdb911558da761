"""The signature of a model has an example request that works unchanged, for every table."""

import pytest

from core.compiler.compile import compile_pipeline
from core.inference.session import CompiledModel
from core.inference.signature import example, signature
from core.manifests import Feature
from core.services.prediction.loaded_models import LoadedModel
from core.services.prediction.predict import predict_records
from tests.support.storage import model_draft
from tests.support.tables import CSVS
from tests.support.training import real_split, trained


@pytest.mark.parametrize("name", CSVS)
def test_the_example_is_predicted_as_it_stands_and_nothing_is_odd_about_it(name: str) -> None:
    data = real_split(name, rows=2_000)
    graph, features = compile_pipeline(trained(data, "ridge").pipeline, data.columns)
    model = LoadedModel(model_draft(graph, b"", features=features), CompiledModel(graph, features))
    row = signature(model.manifest)["example"]["data"]
    predicted = predict_records(model, [row], strict=True)
    assert predicted.warnings == []
    assert min(data.train_y) <= predicted.values[0] <= max(data.train_y)


def test_a_row_looks_as_people_write_one() -> None:
    features = [
        Feature(name="age", type="number", fill=28.0),
        Feature(name="weight", type="number", fill=1.5),
        Feature(name="open", type="boolean", fill=0.7),
        Feature(name="day", type="date", fill=1_325_376_000.0, format="D.M.Y"),
        Feature(name="城", type="category", fill="上海", levels=["北京", "上海"]),
        Feature(name="zone", type="category", fill="", levels=["Astoria", "Bronx"]),
    ]
    row = example(features)
    assert row == {"age": 28, "weight": 1.5, "open": True, "day": "2012-01-01", "城": "上海", "zone": "Astoria"}
    assert isinstance(row["age"], int)


def test_types_levels_formats_and_what_fills_a_gap_are_told() -> None:
    features = [
        Feature(name="day", type="date", fill=0.0, format="M/D/Y"),
        Feature(name="c", type="category", fill="a", levels=["a", "b"]),
        Feature(name="x", type="number", fill=0.5),
    ]
    found = signature(model_draft(b"", b"", features=features, interval_quantiles=[0.0, 1.0]), version=3)
    assert found["features"] == [
        {"name": "day", "type": "date", "fill": "1970-01-01", "format": "M/D/Y"},
        {"name": "c", "type": "category", "fill": "a", "levels": ["a", "b"]},
        {"name": "x", "type": "number", "fill": 0.5},
    ]
    assert found["output"] == {"name": "prediction", "type": "number", "target_column": "y", "interval": True}
    assert found["example"]["version"] == 3
    assert "version" not in signature(model_draft(b"", b""))["example"]


def test_a_time_of_day_is_a_number_that_shows_its_format() -> None:
    feature = Feature(name="clock", type="number", fill=52500.0, format="h:m")
    described = signature(model_draft(b"", b"", features=[feature]))["features"]
    assert described == [{"name": "clock", "type": "number", "fill": 52500.0, "format": "h:m"}]


def test_how_values_are_written_is_part_of_the_signature() -> None:
    written = {"unit": "kg", "decimal": ",", "missing": ["-999"], "keep": ["-"]}
    features = [Feature(name="w", type="number", fill=1.0, **written), Feature(name="v", type="number", fill=1.0)]
    target = Feature(name="y", type="number", fill=0.0, unit="€")
    manifest = model_draft(b"", b"", features=features).model_copy(update={"target": target})
    first, second = signature(manifest)["features"]
    assert first == {"name": "w", "type": "number", "fill": 1.0, **written}
    assert second == {"name": "v", "type": "number", "fill": 1.0}
    assert signature(manifest)["output"]["unit"] == "€"
