"""`regatta train` and `regatta compare`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.options import AsJson, Data, Quiet, Url
from infra.cli.output import Output
from infra.cli.service import connect
from infra.cli.stored_data import file_id_of

if TYPE_CHECKING:
    from core.types import Json

Target = Annotated[str | None, typer.Option(help="The column to predict.", show_default="that of the recipe")]
TestSize = Annotated[float | None, typer.Option(min=0.05, max=0.5, help="Share of the rows to measure the model on.")]
Validation = Annotated[str | None, typer.Option(help="How rows are divided: random, time or group.")]
TimeColumn = Annotated[str | None, typer.Option(metavar="COLUMN", help="The time, for --validation time.")]
GroupColumn = Annotated[str | None, typer.Option(metavar="COLUMN", help="The group, for --validation group.")]
Transform = Annotated[str | None, typer.Option(help="Train on this function of the target, such as log.")]
Tune = Annotated[bool, typer.Option("--tune", help="Look for good parameters first.")]
Place = Annotated[
    str | None, typer.Option(metavar="PLACE", help="Where: function, batch (AWS Batch) or auto, by forecast.")
]
TuningSeconds = Annotated[float | None, typer.Option(min=0.1, help="How long, for --tune.")]


def train(
    data: Data = None,
    target: Target = None,
    model: Annotated[str, typer.Option("--model", "-m", help="The regressor, such as ridge.")] = "random_forest",
    name: Annotated[str | None, typer.Option(help="What to call the model.", show_default="file and regressor")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Of the regressor. Repeatable.")
    ] = None,
    test_size: TestSize = None,
    validation: Validation = None,
    time_column: TimeColumn = None,
    group_column: GroupColumn = None,
    target_transform: Transform = None,
    tune: Tune = False,
    tuning_seconds: TuningSeconds = None,
    training: Place = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Train one regressor on FILE, and show how good it is. --quiet prints the name of the model alone."""
    from infra.cli.following import result_of
    from infra.cli.progress import progress_bar

    output = Output(as_json, quiet)
    request: dict[str, Any] = {
        "model_type": model,
        "target_column": target,
        "model_name": name,
        "params": _parameters(parameters or []),
        "test_size": test_size,
        "validation": validation,
        "time_column": time_column,
        "group_column": group_column,
        "target_transform": target_transform,
        "tune_hyperparameters": tune or None,
        "tuning_seconds": tuning_seconds,
        "training": training,
    }
    with connect(url) as client:
        request["file_id"] = file_id_of(client, data, output)
        with progress_bar(output, "queued") as report_progress:
            trained = result_of(
                client,
                "/model/train",
                lambda job: report_progress(job["stage"], job["progress"]),
                json={name: value for name, value in request.items() if value not in (None, {})},
            )
    if as_json:
        output.document(trained)
    else:
        _print_model(trained, output)


def compare(
    data: Data = None,
    target: Target = None,
    include: Annotated[
        list[str] | None, typer.Option(metavar="MODEL_TYPE", help="An extra regressor as well. Repeatable.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds for a race of stronger candidates instead of the nine.")
    ] = None,
    ensemble: Annotated[bool, typer.Option("--ensemble", help="Blend the best ones if that helps.")] = False,
    test_size: TestSize = None,
    validation: Validation = None,
    time_column: TimeColumn = None,
    group_column: GroupColumn = None,
    target_transform: Transform = None,
    tune: Tune = False,
    tuning_seconds: TuningSeconds = None,
    max_bytes: Annotated[int | None, typer.Option(min=1, help="The largest compiled model.")] = None,
    max_latency_us: Annotated[float | None, typer.Option(min=0.1, help="The slowest model, in µs a row.")] = None,
    training: Place = None,
    parallel: Annotated[bool, typer.Option("--parallel", help="Let several workers carry out the trials.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Compare regressors on FILE, and show the leaderboard. --quiet prints the name of the best model alone."""
    from infra.cli.following import result_of
    from infra.cli.leaderboard import moving_leaderboard

    output = Output(as_json, quiet)
    request: dict[str, Any] = {
        "target_column": target,
        "include": include,
        "time_limit": time_limit,
        "ensemble": ensemble or None,
        "test_size": test_size,
        "validation": validation,
        "time_column": time_column,
        "group_column": group_column,
        "target_transform": target_transform,
        "tune_hyperparameters": tune or None,
        "tuning_seconds": tuning_seconds,
        "max_bytes": max_bytes,
        "max_latency_us": max_latency_us,
        "training": training,
        "parallel": parallel or None,
    }
    with connect(url) as client:
        request["file_id"] = file_id_of(client, data, output)
        with moving_leaderboard(output, "Race") as show:
            comparison = result_of(
                client, "/model/compare", show, json={name: value for name, value in request.items() if value}
            )
    if as_json:
        output.document(comparison)
    else:
        _print_comparison(comparison, output)


def _print_model(model: "Json", output: Output) -> None:
    """Print what a trained model is called and how good it is."""
    from infra.cli.figures import number

    if output.quiet:
        output.result(model["model_name"])
        return
    metrics = model["metrics"]
    output.line(f"{model['model_name']} version {model['version']} predicts {model['target_column']}", "bold")
    output.line(f"  {scores(model)}")
    output.line(f"  off by {number(metrics['mae'])} on average (RMSE {number(metrics['rmse'])})")
    for warning in model.get("warnings") or []:
        output.warn(warning)


def scores(model: "Json") -> str:
    """Return the R2 of a model on the holdout and over the folds."""
    r2, folds = model["metrics"]["r2"], model["cross_validation"]
    over = f"± {folds['std']:.3f} over the folds" if len(folds["scores"]) > 1 else "on one fold"
    return f"R² {r2:.3f} on rows it has not seen, {folds['mean']:.3f} {over}"


def _print_comparison(comparison: "Json", output: Output) -> None:
    from infra.cli.leaderboard import result_table

    best = comparison["best"]
    if output.quiet:
        output.result(best["model_name"])
        return
    output.table(result_table(comparison), "No model was trained.")
    output.line(f"The best is {best['model_name']} version {best['version']}: {scores(best)}", "green")
    failed: dict[str, list[str]] = {}
    for failure in comparison.get("failed") or []:
        failed.setdefault(failure["error"], []).append(failure["model_type"])
    for error, names in failed.items():
        output.warn(f"{', '.join(names)}: {error}")
    for warning in comparison.get("warnings") or []:
        output.warn(warning)


def _parameters(pairs: list[str]) -> dict[str, Any]:
    """Return parameters from texts such as `alpha=0.5`; a value is JSON, or else a text."""
    import json

    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(
                f"{pair!r} is not of the form NAME=VALUE, such as alpha=0.5.", param_hint="--param"
            )
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = {"True": True, "False": False, "None": None}.get(value, value)
    return found
