"""The catalogue of regressors: data that loads nothing, parameters that are checked."""

import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from core.catalogue import CATALOGUE, regressor
from core.compiler.estimators import converter_of
from core.errors import ParameterError, TrainingFailedError, UnknownModelTypeError
from core.preprocessing.target_transforms import inner_regressor
from tests.support.fitted_models import ESTIMATORS
from tests.support.tables import noisy
from tests.support.training import split_text, trained


def refusal(name: str, params: dict[str, Any]) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        trained(split_text(noisy(40)), name, params)
    return caught.value


def test_importing_it_loads_no_estimator() -> None:
    code = "import sys, core.catalogue; print(sorted({'sklearn', 'numpy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_model_type_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(UnknownModelTypeError, match=r"'boat'.*ridge.*random_forest"):
        regressor("boat")


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_builds_with_its_defaults(name: str) -> None:
    entry = CATALOGUE[name]
    built = entry.build({}).get_params()
    assert {key: built[key] for key in entry.defaults} == entry.defaults
    assert set(entry.grid) <= set(built)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_with_chance_in_it_has_a_seed(name: str) -> None:
    estimator = CATALOGUE[name].build({})
    if name in ("linear_regression", "ridge"):  # nothing random in their default solvers
        return
    has_seed = "random_state" not in signature(type(estimator)).parameters or estimator.random_state == 0
    assert has_seed, f"{name}: give it random_state among its defaults in core/catalogue.py"


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_can_be_compiled_and_its_graph_is_tested(name: str) -> None:
    kind = type(CATALOGUE[name].build({}))
    assert converter_of(kind) is not None, f"{name}: add {kind.__name__} to CONVERTERS in core/compiler/estimators.py"
    tested = {type(inner_regressor(make())) for make, _ in ESTIMATORS.values()}
    assert kind in tested, f"{name}: add {kind.__name__} to ESTIMATORS in tests/support/fitted_models.py"


DOCUMENTED = (Path(__file__).parents[3] / "docs" / "learning.md").read_text(encoding="utf-8")
# The rows of its table of regressors: model types in the first column, classes in the second.
TABLE = DOCUMENTED.split("| `model_type` | scikit-learn |")[1].split("\n\n")[0].splitlines()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_is_documented(name: str) -> None:
    kind = CATALOGUE[name].estimator.rpartition(".")[2]
    rows = [row for row in TABLE if f"`{name}`" in row and f"`{kind}`" in row]
    assert len(rows) == 1, f"{name}: add it with {kind} to the table of regressors in docs/learning.md"
    most = CATALOGUE[name].max_rows
    expected = "all" if most is None else f"{most:,}"
    assert rows[0].split("|")[3].strip().startswith(expected), f"{name}: it uses {expected} rows"


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_says_what_tuning_tries_and_what_its_cost_grows_with(name: str) -> None:
    entry = CATALOGUE[name]
    known = entry.build({}).get_params()
    assert entry.grid, f"{name}: give it a grid in core/catalogue.py"
    unknown = {*entry.cost_parameters, *filter(None, [entry.sampling_parameter])} - set(known)
    assert not unknown, f"{name}: its estimator has no {unknown}; correct core/catalogue.py"


def test_parameters_replace_defaults() -> None:
    assert regressor("ridge").build({"alpha": 7}).alpha == 7


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_unknown_parameter_is_named_with_the_ones_there_are(name: str) -> None:
    error = refusal(name, {"sails": 3})
    assert f"{name} has no parameter 'sails'" in error.detail
    assert ", ".join(sorted(CATALOGUE[name].build({}).get_params())) in error.detail
    assert error.errors == [{"field": "params.sails", "message": "unknown parameter"}]


@pytest.mark.parametrize(
    ("name", "param", "value"),
    [
        ("ridge", "alpha", -1),
        ("ridge", "alpha", "strong"),
        ("ridge", "solver", "magic"),
        ("lasso", "alpha", float("nan")),
        ("lasso", "max_iter", 0),
        ("elastic_net", "l1_ratio", 2),
        ("linear_regression", "fit_intercept", "yes"),
        ("decision_tree", "max_depth", -3),
        ("decision_tree", "min_samples_leaf", 1.5),
        ("decision_tree", "criterion", "luck"),
        ("random_forest", "n_estimators", 0),
        ("random_forest", "max_features", -0.5),
        ("random_forest", "max_depth", [1]),
        *(("random_forest", "max_leaf_nodes", wrong) for wrong in ("ten", 2.5, [1], 1)),
    ],
)
def test_a_parameter_out_of_its_range_is_named(name: str, param: str, value: Any) -> None:
    error = refusal(name, {param: value})
    assert error.detail.startswith(f"The '{param}' parameter of {name} must be")
    assert error.errors[0]["field"] == f"params.{param}"


def test_parameters_that_fit_only_other_data_are_a_failed_training() -> None:
    with pytest.raises(TrainingFailedError, match="ridge could not be trained"):
        trained(split_text(noisy(40)), "ridge", {"alpha": [1, 2]})
