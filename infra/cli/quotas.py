"""`regatta quotas`: show and set what a workspace may use, by the credentials of the bucket."""

from enum import StrEnum
from typing import Annotated

import typer

from infra.cli.options import AsJson, Quiet
from infra.cli.output import Output
from infra.cli.service import exit_with_code
from infra.cli.terminal import use_running_stack


class Action(StrEnum):
    """What to do with the quota of a workspace."""

    SHOW = "show"
    SET = "set"


def quotas(
    action: Annotated[Action, typer.Argument(help="set replaces the whole quota: what is left out has no limit.")],
    workspace: Annotated[str, typer.Option(help="Whose quota.")] = "default",
    jobs: Annotated[int | None, typer.Option(min=0, help="Jobs at a time.", show_default="no limit")] = None,
    stored_bytes: Annotated[
        int | None, typer.Option("--bytes", min=0, help="Bytes in the bucket.", show_default="no limit")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show or set what a workspace may use at most, beside what it uses."""
    output = Output(as_json, quiet)
    with exit_with_code():
        use_running_stack()
        from core.access.workspace_names import check_workspace_name
        from core.services import quotas as service
        from core.storage.container import container

        objects = container().objects
        if action == Action.SET:
            quota = service.set_quota(objects, workspace, jobs=jobs, stored_bytes=stored_bytes)
        else:
            quota = service.read_quota(objects, check_workspace_name(workspace))
        own = container().workspace(workspace)
        used = {"jobs": service.used_jobs(own), "stored_bytes": service.used_bytes(own)}
    limits = {"jobs": quota.jobs, "stored_bytes": quota.stored_bytes}
    if as_json:
        output.document({"workspace": workspace, "limits": limits, "used": used})
        return
    for name, limit in limits.items():
        output.line(f"{name}: {used[name]:,} of {'any number' if limit is None else f'{limit:,}'}")
