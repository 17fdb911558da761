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
    requests: Annotated[
        int | None, typer.Option(min=1, help="Requests a minute, over all keys.", show_default="no limit")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=0, help="Jobs at a time.", show_default="no limit")] = None,
    training_seconds: Annotated[
        int | None, typer.Option(min=0, help="Seconds of training a day, in UTC.", show_default="no limit")
    ] = None,
    stored_bytes: Annotated[
        int | None, typer.Option("--bytes", min=0, help="Bytes in the bucket.", show_default="no limit")
    ] = None,
    redis_bytes: Annotated[
        int | None, typer.Option(min=0, help="Bytes of its objects in Redis.", show_default="no limit")
    ] = None,
    cached_models: Annotated[
        int | None, typer.Option("--models", min=0, help="Models that a process keeps ready.", show_default="no limit")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show or set what a workspace may use at most, beside what it uses.

    Redis and the processes keep the objects and models of a workspace that were used last, up to its share; nothing is
    refused for that. What is beyond the other limits is a 429 with Retry-After.
    """
    output = Output(as_json, quiet)
    with exit_with_code():
        use_running_stack()
        from core.access.workspace_names import check_workspace_name
        from core.services import quotas as service
        from core.storage import quota_repository as stored
        from core.storage.container import container

        objects = container().objects
        if action == Action.SET:
            quota = stored.set_quota(
                objects,
                workspace,
                requests=requests,
                jobs=jobs,
                training_seconds=training_seconds,
                stored_bytes=stored_bytes,
                redis_bytes=redis_bytes,
                cached_models=cached_models,
            )
        else:
            quota = stored.read_quota(objects, check_workspace_name(workspace))
        used = service.used(container().workspace(workspace))
    limits = quota.model_dump()
    if as_json:
        output.document({"workspace": workspace, "limits": limits, "used": used})
        return
    for name, limit in limits.items():
        text = "any number" if limit is None else f"{limit:,}"
        output.line(f"{name}: {used[name]:,} of {text}" if name in used else f"{name}: up to {text}")
