"""Presets are read as they stand, and the stored ones are such as a search can begin with on a table of any size."""

import pytest

from core.automl.portfolio import BOOSTED
from core.automl.preset import Preset, learned_presets, read_presets

HEADER = "model_type,target,codes,small,medium,large,parameters"


def test_a_line_is_a_preset() -> None:
    lines = [HEADER, 'ridge,log,,0.02,0.01,0,"{""alpha"": 1.0}"', "hist_gradient_boosting,none,codes,0,0,0.5,{}"]
    ridge, trees = read_presets(lines)
    assert ridge == Preset("ridge", {"alpha": 1.0}, "log", gains=(0.02, 0.01, 0.0))
    assert ridge.candidate.target_transform == "log"
    assert trees.candidate.takes_codes


@pytest.mark.parametrize("size", range(3), ids=["small", "medium", "large"])
def test_tables_of_each_size_have_trees_and_others(size: int) -> None:
    raced = [preset for preset in learned_presets() if preset.gains[size] > 0]
    assert {"none", "trend"} <= {preset.target for preset in raced}
    assert set(BOOSTED) <= {preset.model_type for preset in raced}
    assert {"ridge", "extra_trees"} <= {preset.model_type for preset in raced}


def test_no_configuration_stands_twice() -> None:
    candidates = [preset.candidate for preset in learned_presets()]
    assert all(candidate not in candidates[:place] for place, candidate in enumerate(candidates))
