"""`regatta keys`: make, list, revoke and replace API keys, by the credentials of the bucket."""

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import InvalidInputError
from infra.cli.exit_codes import ExitCode
from infra.cli.options import AsJson, Quiet
from infra.cli.output import Output
from infra.cli.service import exit_with_code
from infra.cli.signing_keys import SIGNING_ACTIONS, use_signing_key
from infra.cli.terminal import failure, use_running_stack

if TYPE_CHECKING:
    from core.access.keys import NewKey
    from core.storage.key_repository import KeyRepository, StoredKey

ACTIONS = ("create", "list", "revoke", "rotate")
UNITS = {"h": 3600, "d": 86_400, "w": 604_800}
DURATION = re.compile(r"([1-9]\d{0,4})([hdw])")
OVERLAP = "1d"


def keys(
    action: Annotated[str, typer.Argument(metavar="create|list|revoke|rotate|rotate-signing|verifying")],
    key_id: Annotated[str | None, typer.Argument(help="Of the key to revoke or rotate.", show_default=False)] = None,
    workspace: Annotated[str | None, typer.Option(help="Whose key; of `list`: only its keys.")] = None,
    role: Annotated[str | None, typer.Option(help="read, predict, train or admin.")] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="90d|DATE", help="How long it is valid, or until when.", show_default="for ever"),
    ] = None,
    label: Annotated[str, typer.Option(help="What it is for, for your list.")] = "",
    rate: Annotated[float | None, typer.Option(help="Requests a second.", show_default="no limit")] = None,
    quota: Annotated[int | None, typer.Option(help="Requests a day, in UTC.", show_default="no limit")] = None,
    overlap: Annotated[
        str, typer.Option(metavar="1d", help="Of `rotate`: how long the former key lives on.")
    ] = OVERLAP,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make, list, revoke or replace API keys.

    create makes a key for a workspace, which comes to life with its first one. rotate makes another key with the
    settings of an earlier one. The text of a key is printed once and is stored nowhere. A service takes keys where
    REGATTA_AUTH is `keys`; what is changed here holds a second later in all of its workers.

    rotate-signing replaces the key that signs models; those of the former key serve on. verifying prints the public
    keys, for REGATTA_VERIFYING_KEYS of processes that only verify.
    """
    output = Output(as_json, quiet)
    if action in SIGNING_ACTIONS:
        use_signing_key(action)
        return
    _check(action, key_id, workspace, role)
    use_running_stack(needs_storage=True)
    with exit_with_code():
        repository = _repository()
        if action == "list":
            _list(repository, workspace, output)
        elif action == "revoke":
            _revoke(repository, str(key_id), output)
        elif action == "rotate":
            _rotate(repository, str(key_id), overlap, output)
        else:
            ends = None if expires is None else _expiry(expires)
            owner = (str(workspace), str(role))
            stored, made = repository.create(*owner, label=label, expires=ends, per_second=rate, per_day=quota)
            _show(stored, made, output)


def _check(action: str, key_id: str | None, workspace: str | None, role: str | None) -> None:
    """End the command where the action is none, or lacks what it takes."""
    if action not in ACTIONS:
        raise failure(f"{action!r} is none of {', '.join([*ACTIONS, *SIGNING_ACTIONS])}.", ExitCode.USAGE)
    if (key_id is None) != (action in ("create", "list")):
        wanted = "takes the id of a key" if key_id is None else "takes no id of a key"
        raise failure(f"regatta keys {action} {wanted}.", ExitCode.USAGE)
    if action == "create" and (workspace is None or role is None):
        raise failure("Say for whom and what: regatta keys create --workspace NAME --role ROLE.", ExitCode.USAGE)


def _revoke(repository: "KeyRepository", key_id: str, output: Output) -> None:
    stored = repository.revoke(key_id)
    output.answer(_document(stored), key_id, f"{key_id} is revoked. Every worker refuses it within a second.")


def _rotate(repository: "KeyRepository", key_id: str, overlap: str, output: Output) -> None:
    stored, made = repository.rotate(key_id, _seconds(overlap, "--overlap"))
    _show(stored, made, output, f"{key_id} is valid for {overlap} more.")


def _repository() -> "KeyRepository":
    from core.storage.container import container
    from core.storage.key_repository import KeyRepository

    return KeyRepository(container().objects)


def _show(stored: "StoredKey", made: "NewKey", output: Output, more: str = "") -> None:
    """Print a new key, which nobody can print again."""
    if output.as_json:
        output.document({**_document(stored), "key": made.text})
        return
    # The key alone on stdout, so that a script takes it.
    output.result(made.text)
    ends = "" if stored.expires is None else f" until {_moment(stored.expires)}"
    output.note(
        f"A key of {stored.workspace} with the role {stored.role}{ends}; its id is {stored.key_id}. {more}".strip()
    )
    output.note("It is shown this once. Keep it in a file, and point REGATTA_API_KEY or --api-key-file to it.")


def _list(repository: "KeyRepository", workspace: str | None, output: Output) -> None:
    from infra.cli.tables import Column, Table

    found = [key for key in repository.all() if workspace in (None, key.workspace)]
    rows = [_document(key, repository.last_use(key.key_id)) for key in found]
    if output.as_json:
        output.document({"keys": rows})
        return
    names = ("id", "workspace", "role", "state", "expires", "last used", "label")
    table = Table([Column(name) for name in names])
    for row in rows:
        cells = (
            row["key_id"],
            row["workspace"],
            row["role"],
            row["state"],
            row["expires"],
            row["last_used"],
            row["label"],
        )
        table.add(*(cell or "-" for cell in cells))
    output.table(table, "There are no keys. `regatta keys create` makes one.")


def _document(key: "StoredKey", used: datetime | None = None) -> dict[str, Any]:
    """Return what is shown of a key: neither its text nor the digest of it."""
    is_over = key.expires is not None and key.expires <= time.time()
    return {
        "key_id": key.key_id,
        "workspace": key.workspace,
        "role": key.role,
        "state": "revoked" if key.revoked else "expired" if is_over else "valid",
        "created_at": key.created_at,
        "expires": None if key.expires is None else _moment(key.expires),
        "last_used": None if used is None else used.isoformat(timespec="minutes"),
        "per_second": key.per_second,
        "per_day": key.per_day,
        "label": key.label,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _seconds(text: str, option: str) -> float:
    """Return the seconds of a duration such as 12h, 90d or 8w."""
    found = DURATION.fullmatch(text)
    if text != "0" and found is None:
        raise InvalidInputError(
            f"{option} is a number of hours, days or weeks, such as 12h, 90d or 8w, and not {text!r}."
        )
    return 0.0 if found is None else float(found[1]) * UNITS[found[2]]


def _expiry(text: str) -> float:
    """Return when a key expires: after a duration, or at a date in UTC."""
    if DURATION.fullmatch(text):
        return time.time() + _seconds(text, "--expires")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"--expires is a duration such as 90d, or a date such as 2027-01-31, and not {text!r}."
        raise InvalidInputError(message) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
