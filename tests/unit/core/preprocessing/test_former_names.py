"""Pickles of version 0.1 load, and every name of ours in a pickle of today is on the list of names that must last."""

import pickle
import pickletools

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from core.catalogue import CATALOGUE
from core.preprocessing.date_parts import date_parts, part_names, to_seconds
from core.preprocessing.former_names import FORMER_NAMES, unpickle
from core.preprocessing.target_transforms import OnTrend, TargetTransformer
from tests.support.fitted_models import ESTIMATORS, fit
from tests.support.training import fitted, real_split

DATES = pd.DataFrame({"day": [0.0, 86_400.0, 1e9, np.nan]}).fillna(5e8)
Y = np.array([1.0, 2.0, 4.0, 9.0])
MODELS = {
    "OnTrend": OnTrend(Ridge()),
    "TargetTransform": TransformedTargetRegressor(Ridge(), transformer=TargetTransformer("log"), check_inverse=False),
}


def as_in_version_0_1(obj: object) -> bytes:
    """The pickle that version 0.1 would have written: protocol 0 spells every name out."""
    body = pickle.dumps(obj, protocol=0)
    for (module, name), now in FORMER_NAMES.items():
        body = body.replace(f"c{now.__module__}\n{now.__name__}\n".encode(), f"c{module}\n{name}\n".encode())
    return body


def names_in(body: bytes) -> set[tuple[str, str]]:
    """Module and name of everything of ours that a pickle of protocol 0 refers to."""
    named = {tuple(str(arg).split(" ")) for op, arg, _ in pickletools.genops(body) if op.name == "GLOBAL"}
    return {(module, name) for module, name in named if module.startswith("core.")}


@pytest.mark.parametrize("kind", MODELS)
def test_a_pipeline_of_version_0_1_is_loaded_and_predicts_the_same(kind: str) -> None:
    seconds = FunctionTransformer(to_seconds, feature_names_out="one-to-one")
    parts = FunctionTransformer(date_parts, feature_names_out=part_names)
    pipeline = make_pipeline(seconds, parts, MODELS[kind]).fit(DATES, Y)
    body = as_in_version_0_1(pipeline)
    former = {name for name in FORMER_NAMES if name[1] in (kind, "to_seconds", "date_parts", "part_names")}
    assert names_in(body) == former
    assert unpickle(body).predict(DATES).tolist() == pipeline.predict(DATES).tolist()


@pytest.mark.parametrize("name", [*CATALOGUE, *(name for name in ESTIMATORS if "trend" in name or "log" in name)])
def test_a_name_that_todays_pickles_use_is_on_the_list(name: str) -> None:
    data = real_split("taxis", 200)
    pipeline = fitted(data, name) if name in CATALOGUE else fit(data, name)
    lasting = {(now.__module__, now.__name__) for now in FORMER_NAMES.values()}
    assert names_in(pickle.dumps(pipeline, protocol=0)) <= lasting, (
        "a fitted pipeline refers to a new class or function of ours: where it is moved later, its name of today has "
        "to stay in FORMER_NAMES of core/preprocessing/former_names.py, so it is written down there from the start"
    )


def test_what_is_not_on_the_list_is_found_by_its_own_name() -> None:
    assert unpickle(pickle.dumps({"a": np.float64, "b": [1, 2]})) == {"a": np.float64, "b": [1, 2]}
    with pytest.raises(ModuleNotFoundError, match=r"core\.learning"):
        unpickle(b"ccore.learning.boats\nBoat\n.")
