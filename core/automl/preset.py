"""Presets: the configurations of the portfolio, each with what it is expected to gain on tables of each size."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

from core.catalogue import regressor
from core.model_manifest import TargetTransformName
from core.regressors.candidates import Candidate

# Beside this module; `bench.portfolio --write` writes it.
FILE = "portfolio.csv"


@dataclass(frozen=True)
class Preset:
    """One configuration; `gains` are those expected on small, medium and large tables. 0 leaves it out there.

    A gain is the mean weight of the configuration in ensembles of the table.
    """

    model_type: str
    params: dict[str, Any]
    target: TargetTransformName = "none"
    # Whether a regressor that can split by sets of levels gets categories as codes; `lightgbm` always does.
    codes: bool = False
    gains: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def candidate(self) -> Candidate:
        """Return the preset as a candidate."""
        entry = regressor(self.model_type)
        positions: dict[str, Any] = {entry.codes_parameter: []} if self.codes and entry.codes_parameter else {}
        return Candidate(entry, {**self.params, **positions}, self.target)


def read_presets(lines: Iterable[str]) -> tuple[Preset, ...]:
    """Return the presets of a CSV file, one a line."""
    return tuple(
        Preset(
            line["model_type"],
            json.loads(line["parameters"]),
            cast("TargetTransformName", line["target"]),
            line["codes"] == "codes",
            (float(line["small"]), float(line["medium"]), float(line["large"])),
        )
        for line in csv.DictReader(lines)
    )


def learned_presets() -> tuple[Preset, ...]:
    """Return the presets that were learned from the development tables."""
    return read_presets(files("core.automl").joinpath(FILE).read_text("utf-8").splitlines())
