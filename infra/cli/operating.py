"""The commands that operate a service: serve, deploy, clean up, reproduce a model, print the webhook secret."""

import base64
import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from infra.cli.terminal import console, exit_on_errors, failure, load_settings, use_running_stack, warn
from infra.cli.text import visible

if TYPE_CHECKING:
    from core.settings import Settings


def reproduce(
    name: Annotated[str, typer.Argument(help="A stored model.")],
    version: Annotated[int | None, typer.Argument(help="Which version. Default: the one that serves.")] = None,
    workspace: Annotated[str, typer.Option(help="Whose model.")] = "default",
) -> None:
    """Train a stored model again from its manifest and say whether the same figures come out."""
    use_running_stack()
    from core.services.training.reproduce import reproduce as train_again
    from core.storage.container import container

    with exit_on_errors(), console.status(Text(f"Training {visible(name)} again ...")):
        again = train_again(container().workspace(workspace), name, version)
    table = Table("figure", "stored", "again")
    for figure, stored in again.stored.items():
        style = "red" if figure in again.differing else None
        table.add_row(figure, _figure_text(stored), _figure_text(again.found[figure]), style=style)
    head = f"{name}, version {again.manifest.version}, {again.manifest.model_type}"
    console.print(visible(head), markup=False)
    console.print(table)
    for library, (was, now) in again.libraries.items():
        warn(f"trained with {library} {was}, running {now}")
    if again.differing:
        raise failure(f"{len(again.differing)} of {len(again.stored)} figures differ.")
    console.print("[green]The same figures came out.[/]")


def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Worker processes.", show_default="REGATTA_WORKERS")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The port to listen at.", show_default="REGATTA_PORT")
    ] = None,
) -> None:
    """Serve with several workers from any S3 endpoint and any Redis; starts neither."""
    chosen = load_settings()
    from infra.local import processes, serving

    port = port or chosen.port
    with exit_on_errors(processes.StackError, serving.ServingError):
        processes.check_port(port, "the web apps", "REGATTA_PORT", host)
        # Refused before anything else, because the check may make the bucket.
        warnings = (serving.exposure(chosen, host, port), serving.check(chosen))
    for warning in filter(None, warnings):
        warn(warning)
    with exit_on_errors(processes.StackError, OSError):
        status = serving.serve(workers or chosen.workers, host, port, typer.echo)
    raise typer.Exit(status)


def deploy(
    endpoint_url: Annotated[str | None, typer.Option(help="An emulated AWS: LocalStack or MiniStack.")] = None,
    aws: Annotated[bool, typer.Option("--aws", help="AWS itself, with the credentials of this shell.")] = False,
    auth: Annotated[
        str | None, typer.Option(help="Who may call: keys, oidc, keys,oidc, iam or none-i-know. AWS needs it once.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of template.yaml; may be repeated.")
    ] = None,
) -> None:
    """Deploy template.yaml, or what has changed in it; its functions take REGATTA_* settings of this shell."""
    if aws == (endpoint_url is not None):
        raise failure("Say where: --endpoint-url URL for an emulated AWS, or --aws.")
    chosen = load_settings()
    from infra.deploy import emulated, sam
    from infra.deploy.deployment import DeployError, check, template_parameters

    with exit_on_errors(DeployError):
        places = {"RedisUrl": chosen.redis_url or ""}
        if endpoint_url is not None:
            places["S3Endpoint"] = chosen.s3_endpoint or emulated.endpoint_for_functions(endpoint_url)
            places["SigningKeyFile"] = str(chosen.signing_key_file.resolve()) if chosen.signing_key_file else ""
        # An empty parameter is left as the stack has it.
        from_settings = {name: value for name, value in template_parameters(chosen, **places).items() if value}
        parameters = from_settings | _parse_parameters(parameter or []) | ({"Auth": auth} if auth else {})
        if endpoint_url is not None:
            credentials = _emulator_credentials(chosen, endpoint_url)
            deployment = emulated.deploy(endpoint_url, chosen.bucket, parameters, credentials=credentials)
        else:
            deployment = sam.deploy(chosen.bucket, parameters)
        check(deployment.api_url)
    typer.echo(deployment.api_url)


def janitor(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
) -> None:
    """Remove what nobody needs any more from the bucket, each thing with its reason, and mend the index in Redis."""
    use_running_stack(needs_storage=True)
    from rich.filesize import decimal

    from core.services.upkeep.janitor import clean_up
    from core.storage.container import container

    sizes: dict[str, list[int]] = {"found": [], "done": [], "kept": [], "failed": []}
    with exit_on_errors():
        for result in clean_up(container(), dry_run=dry_run):
            sizes[result.outcome].append(result.size_bytes)
            note = {"kept": " (needed after all)", "failed": " (failed)"}.get(result.outcome, "")
            line = f"{decimal(result.size_bytes):>9}  {result.what}: {result.reason}{note}"
            console.print(visible(line), soft_wrap=True, markup=False)
    removed = sizes["found" if dry_run else "done"]
    verb = "would be tidied up" if dry_run else "were tidied up"
    console.print(f"{len(removed)} things with {decimal(sum(removed))} {verb}.")
    if sizes["failed"]:
        raise failure(f"{len(sizes['failed'])} could not be; the next run tries again.")


def webhook_secret(
    workspace: Annotated[str, typer.Option(help="Whose webhook.")] = "default",
) -> None:
    """Print the secret that receivers of webhooks check signatures with."""
    use_running_stack()
    from core.access.workspace_names import check_workspace_name
    from core.services.series.notify import secret_of

    with exit_on_errors():
        secret = secret_of(check_workspace_name(workspace))
    typer.echo(f"whsec_{base64.b64encode(secret).decode()}")


def _emulator_credentials(chosen: "Settings", endpoint_url: str) -> dict[str, str]:
    """Return the credentials for an emulated AWS: those of the embedded stack if it is one, else LocalStack's."""
    from infra.emulator_account import CREDENTIALS
    from infra.local import running_stack
    from infra.local.credentials import Credentials, credentials_of

    address = endpoint_url.rstrip("/")
    running = running_stack.find(chosen.home)
    if running is not None and running.aws_endpoint == address:
        return credentials_of(chosen.home.expanduser().resolve()).arguments
    variables = [os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    if chosen.s3_endpoint == address and all(variables):  # after eval "$(regatta env)"
        return Credentials(*map(str, variables)).arguments
    return CREDENTIALS


def _parse_parameters(parameters: list[str]) -> dict[str, str]:
    pairs = [parameter.partition("=") for parameter in parameters]
    if not all(equals for _, equals, _ in pairs):
        raise failure("A parameter is given as NAME=VALUE, one after each --parameter.")
    return {name: value for name, _, value in pairs}


def _figure_text(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.12g}"
