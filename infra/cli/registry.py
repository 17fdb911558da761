"""`regatta registry`: verify or rebuild what lists are read from."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from infra.cli.options import AsJson, Quiet
from infra.cli.output import Output
from infra.cli.terminal import exit_on_errors, failure, use_running_stack


class Action(StrEnum):
    """What to do with the index of lists, or with signatures of before."""

    VERIFY = "verify"
    REBUILD = "rebuild"
    RESIGN = "resign"


def registry(
    action: Annotated[Action, typer.Argument(help="verify changes nothing; rebuild writes it anew.")],
    workspace: Annotated[str, typer.Option(help="Whose lists.")] = "default",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Verify or rebuild the index of lists in the bucket, from the manifests themselves.

    Exit status 1 says that a list shows something else than the manifests say. --quiet prints nothing but errors.

    resign signs the models of versions before 0.3 anew, which a server also does with each when it is first read.
    """
    use_running_stack()
    output = Output(as_json, quiet)
    if action == Action.RESIGN:
        _sign_anew(workspace, output)
        return
    with exit_on_errors():
        found = _carry_out(action, workspace, output)
    if as_json:
        output.document(found)
    elif not quiet:
        _print_parts(found, output)
    wrong = [name for name, part in found.items() if not part.get("is_right", True)]
    if wrong:
        raise failure(f"The index of {' and '.join(wrong)} is wrong. `regatta registry rebuild` writes it anew.")


def _sign_anew(name: str, output: Output) -> None:
    """Sign the models of versions before 0.3 anew; exit status 1 where some are not theirs."""
    from core.services.upkeep.resigning import sign_models_anew
    from core.storage.container import container

    with exit_on_errors():
        done = sign_models_anew(container().workspace(name))
    document = {"signed": done.signed, "refused": done.refused}
    output.answer(document, done.signed, f"{done.signed} models were signed anew.")
    if done.refused:
        raise failure(f"{len(done.refused)} have no valid signature and were left: {', '.join(done.refused)}.")


def _carry_out(action: Action, name: str, output: Output) -> dict[str, dict[str, Any]]:
    from core.errors import ConflictError
    from core.services.upkeep import registry as upkeep
    from core.storage.container import container
    from infra.cli.progress import progress_bar

    workspace = container().workspace(name)
    with progress_bar(output, "counting") as report_progress:
        counts = upkeep.count(workspace)
        total, done = max(sum(counts.values()), 1), 0

        def report_part(part: str, rows: int) -> None:
            nonlocal done
            done += rows
            report_progress(part, min(done / total, 1.0))

        work = upkeep.verify if action == Action.VERIFY else upkeep.rebuild
        try:
            return work(workspace, report_part)
        except ConflictError as error:
            raise ConflictError(
                f"{error.detail} Try again in a minute: one that was killed keeps it so long."
            ) from error


def _print_parts(found: dict[str, dict[str, Any]], output: Output) -> None:
    from infra.cli.tables import Column, Table

    names = list(dict.fromkeys(name for part in found.values() for name in part if name != "is_right"))
    table = Table([Column("index of"), *(Column(name, is_figure=True) for name in names)])
    for part, counts in found.items():
        table.add(part, *(f"{counts[name]:,}" if name in counts else "-" for name in names))
    output.table(table, "")
