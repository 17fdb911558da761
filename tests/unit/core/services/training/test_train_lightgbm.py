"""A model of an optional package: stored with its version, loaded again, and missed in words."""

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest

from core.catalogue import regressor
from core.errors import OtherLibrariesError, TrainingFailedError
from core.jobs.commands import CompareCommand, TrainCommand
from core.services.processing.ingest import ingest
from core.services.training import unpickle
from core.services.training.comparison import included
from core.services.training.reproduce import reproduce
from core.services.training.train import train_model
from core.services.training.unpickle import load_pipeline
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home
from tests.support.tables import CSVS, noisy
from tests.support.training import split_text, trained

FEW = {"n_estimators": 10}


@pytest.fixture
def stored(bucket: ObjectStore) -> str:
    """The name of a stored model of LightGBM."""
    file_id = ingest(home(), "mpg.csv", CSVS["mpg"][0]).file_id
    command = TrainCommand(model_type="lightgbm", target_column="mpg", file_id=file_id, model_name="m", params=FEW)
    return train_model(home(), command).model_name


def raising(error: Exception) -> Callable[[str], Any]:
    def fail(_: str) -> Any:
        raise error

    return fail


def test_it_is_compared_where_it_is_included() -> None:
    names = [one.name for one in included(CompareCommand(target_column="y", include=["lightgbm"]))]
    assert names[-1] == "lightgbm"
    assert len(names) == 10


def test_a_stored_model_says_its_version_and_is_loaded_and_reproduced(stored: str) -> None:
    assert home().models.manifest(stored).libraries["lightgbm"] == version("lightgbm")
    assert type(load_pipeline(home(), stored)[-1]).__name__ == "LGBMRegressor"
    again = reproduce(home(), stored)
    assert again.found == again.stored
    assert again.libraries == {}


def test_without_the_package_its_pickle_is_refused(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(library: str) -> str:
        if library == "lightgbm":
            raise unpickle.PackageNotFoundError(library)
        return version(library)

    monkeypatch.setattr(unpickle, "installed", installed)
    with pytest.raises(OtherLibrariesError, match="with lightgbm") as refused:
        load_pipeline(home(), stored)
    assert refused.value.errors[0]["field"] == "lightgbm"


def test_without_the_package_a_training_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(TrainingFailedError, match="the package lightgbm is not installed"):
        regressor("lightgbm").build({})


def test_without_a_library_of_the_system_a_training_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    cause = OSError("/home/x/lib_lightgbm.so: libgomp.so.1: cannot open shared object file")
    monkeypatch.setattr("core.catalogue_entry.import_module", raising(cause))
    with pytest.raises(TrainingFailedError, match="libgomp") as refused:
        regressor("lightgbm").build({})
    assert "/home" not in refused.value.detail


def test_a_target_that_an_objective_refuses_is_the_callers_error() -> None:
    source = "x,y\n" + "\n".join(f"{i},{i - 20}" for i in range(60))
    with pytest.raises(TrainingFailedError, match=r"lightgbm could not be trained on this table: .*negative"):
        trained(split_text(source), "lightgbm", {**FEW, "objective": "poisson"})


def test_a_small_table_is_trained() -> None:
    done = trained(split_text(noisy(25)), "lightgbm", FEW)
    assert np.isfinite(done.metrics["r2"])
