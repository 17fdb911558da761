"""AutoGluon, FLAML and a default LightGBM on cases of `bench.quality`, in an environment outside of the repository."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench._quality_cases import TEST_SIZE, Case, Result
from core.machine_limits import available_cores

SCRIPT = Path(__file__).parent / "_automl_process.py"
# The environment is made once, and kept.
ENVIRONMENT = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "regatta-bench" / "opponents"
PACKAGES = ("autogluon.tabular[lightgbm,catboost,xgboost]", "flaml[automl]")
AUTOML_SYSTEMS = ("autogluon", "flaml")
# A boosted tree without any search.
DEFAULT = "lightgbm"
# Their results, one line a split, from which a run that was stopped goes on.
RESULTS = ENVIRONMENT.parent / "opponents.jsonl"


def measure_system(case: Case, system: str, resume: bool) -> tuple[Result, str]:
    """Return the result of one of the `AUTOML_SYSTEMS` or of `DEFAULT` on a case, and its version.

    With `resume` a result of an earlier run is returned, if there is one.
    """
    key: dict[str, Any] = {"table": case.table, "seed": case.seed, "system": system, "allowed": case.seconds}
    result = earlier_result(key) if resume else None
    if result is None:
        result = _measure(case, system)
        keep_result(key, result)
    version = result.pop("version")
    return Result(**key, **result), version


def keep_result(key: dict[str, Any], result: dict[str, Any]) -> None:
    """Append a result to the earlier ones."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a") as lines:
        lines.write(json.dumps(key | result) + "\n")


def earlier_result(key: dict[str, Any]) -> dict[str, Any] | None:
    """Return the last result that has this key, without it; None where there is none."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    same = [result for result in map(json.loads, lines) if key.items() <= result.items()]
    return {name: value for name, value in same[-1].items() if name not in key} if same else None


def _measure(case: Case, system: str) -> dict[str, Any]:
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(case.frame, test_size=TEST_SIZE, random_state=0)
    paths = [case.folder / f"{name}.csv" for name in ("train", "test")]
    for rows, path in zip((train, test), paths, strict=True):
        rows.to_csv(path, index=False)
    command = [_interpreter(), SCRIPT, system, *paths, case.target, case.seconds, available_cores()]
    completed = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=case.folder)
    if completed.returncode:
        raise RuntimeError(f"{system} on {case.table}: {completed.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(completed.stdout.splitlines()[-1])
    return result


def _interpreter() -> Path:
    """Return the interpreter of the environment, which is made on first use."""
    interpreter = ENVIRONMENT / "bin" / "python"
    ready = ENVIRONMENT / "ready"
    if not ready.exists():
        print(f"Installing {' and '.join(PACKAGES)} into {ENVIRONMENT} (some minutes, once) ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        install: list[str | Path] = [
            interpreter,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *PACKAGES,
        ]
        subprocess.run(install, check=True)
        ready.touch()
    return interpreter
