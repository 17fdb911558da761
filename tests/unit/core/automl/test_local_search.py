"""Variations of the best configurations: new ones, within the ranges of their regressor, the same each time."""

from core.automl.local_search import variations
from core.automl.portfolio import select_presets
from core.catalogue import regressor
from core.parameter_ranges import range_of
from core.regressors.candidates import Candidate


def test_variations_are_new_allowed_and_the_same_each_time() -> None:
    presets = [candidate for candidate, _ in select_presets(500, 2.0)]
    for candidate in presets:
        found = list(variations([candidate], presets))
        assert found == list(variations([candidate], presets))
        for varied in found:
            assert varied not in presets
            assert varied.target_transform == candidate.target_transform
            for name, value in varied.params.items():
                allowed = range_of(varied.regressor.name, name)
                assert value == candidate.params[name] or (allowed is not None and allowed.holds(value))


def test_a_lower_rate_takes_more_trees() -> None:
    start = Candidate(regressor("hist_gradient_boosting"), {"max_iter": 100, "learning_rate": 0.1})
    for varied in variations([start], []):
        trees, rate = varied.params["max_iter"], varied.params["learning_rate"]
        assert (trees > 100) == (rate < 0.1)


def test_a_configuration_without_numbers_has_no_variations() -> None:
    assert list(variations([Candidate(regressor("linear_regression"))], [])) == []
