"""Checks of this machine: settings, versions, disk, ports, the program of Redis, the signing key."""

import platform
import shutil
import stat
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from core import __version__
from core.errors import InvalidSettingError, RegattaError
from core.settings import Settings, load
from infra.cli.checks.check import Checks, broken, ok, skipped, warning
from infra.cli.service_state import ask
from infra.cli.variables import unknown_messages
from infra.local import embedded_redis, processes
from infra.local.running_stack import Running

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

    from core.storage.keyring import Keyring

GIB = 1 << 30
# A race of models on a large table writes hundreds of megabytes.
SCARCE_BYTES = GIB
TOO_FEW_BYTES = GIB // 10


def check_settings(environment: Mapping[str, str]) -> Checks:
    """Check every REGATTA_* variable."""
    messages = unknown_messages(environment)
    for message in messages:
        yield warning("settings", message, "Rename it, or unset it.")
    try:
        load()
    except InvalidSettingError as error:
        for line in str(error).splitlines():
            yield broken("settings", line, "Set it otherwise, or unset it; the README lists all settings.")
        return
    if not messages:
        yield ok("settings", "every REGATTA_* variable is a setting and has a usable value")


def check_versions() -> Checks:
    """Check Python and the installed packages against the ranges of this version of Regatta."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    yield ok("version", f"Regatta {__version__} on {platform.system()} {platform.machine()}")
    try:
        installed = metadata.distribution("regatta")
    except metadata.PackageNotFoundError:
        yield skipped("packages", "Regatta is not installed as a package here, so that no ranges are known")
        return
    python = platform.python_version()
    wanted = SpecifierSet(str(installed.metadata["Requires-Python"] or ""))
    if wanted.contains(python, prereleases=True):
        yield ok("python", f"{python}, {wanted} is needed")
    else:
        yield broken("python", f"{python}, but {wanted} is needed", "Install a newer Python and set Regatta up anew.")
    requirements = [Requirement(text) for text in installed.requires or ()]
    # "" stands for what is needed without any extra.
    extras = ("", "local")
    needed = [
        one for one in requirements if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in extras)
    ]
    wrong = {one.name: found for one in needed if (found := _out_of_range(one.name, one.specifier)) is not None}
    if not wrong:
        yield ok(
            "packages", f"{len({one.name for one in needed})} packages are installed in the versions that are needed"
        )
    for name, found in wrong.items():
        yield broken(f"package {name}", found, "Install the locked versions: pip install -r requirements/dev.txt")


def check_disk(home: Path) -> Checks:
    """Check that the home of the stack can be written to and has room."""
    existing = next(parent for parent in (home, *home.parents) if parent.exists())
    elsewhere = "Let REGATTA_HOME name another folder."
    if not existing.is_dir():
        yield broken("home", f"{existing} is a file", elsewhere)
        return
    if _is_writable(existing):
        yield ok("home", f"{home} can be written to" if existing == home else f"{home} can be made")
    else:
        yield broken("home", f"{existing} cannot be written to", f"Change its permissions. {elsewhere}")
    free = shutil.disk_usage(existing).free
    room = f"{free / GIB:.1f} GiB are free in {existing}"
    if free >= SCARCE_BYTES:
        yield ok("disk", room)
    elif free >= TOO_FEW_BYTES:
        yield warning("disk", room, f"Make room: `regatta janitor` removes what nobody needs. {elsewhere}")
    else:
        yield broken("disk", room, f"Make room: `regatta janitor` removes what nobody needs. {elsewhere}")


def check_ports(settings: Settings, running: Running | None) -> Checks:
    """Check that the ports of the stack are free, or taken by the stack itself or by a server with these settings."""
    if running is not None:
        yield ok("ports", f"the running stack has its ports (process {running.pid})")
        return
    ports = processes.stack_ports(settings)
    if settings.s3_endpoint is not None:  # a server needs its own port only
        ports = {"REGATTA_PORT": ports["REGATTA_PORT"]}
    for variable, (port, purpose) in ports.items():
        name = f"port {port}"
        try:
            processes.check_port(port, purpose, variable)
        except processes.StackError:
            taken = f"meant for {purpose}, is taken by {_holder(port)}"
            remedy = f"Stop that, or choose another port: {variable}=PORT. `regatta down` stops a stack."
            is_ours = variable == "REGATTA_PORT" and ask(f"http://{processes.HOST}:{port}").version is not None
            yield warning(name, f"{taken}, a Regatta", remedy) if is_ours else broken(name, taken, remedy)
        else:
            yield ok(name, f"is free for {purpose}")


def check_redis_program() -> Checks:
    """Check that the stack has a Redis to start."""
    program = embedded_redis.find_program()
    if program is None:
        yield warning("redis-server", "there is none; the stack runs without Redis", embedded_redis.HOW_TO_GET_ONE)
        return
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        yield broken("redis-server", f"{program} does not run: {error}", embedded_redis.HOW_TO_GET_ONE)
        return
    version = next((word.removeprefix("v=") for word in done.stdout.split() if word.startswith("v=")), "?")
    yield ok("redis-server", f"version {version}, {program}")


def check_signing_key(settings: Settings) -> Checks:
    """Check the key that models are signed with: that it can be read, cannot be guessed, and is the owner's alone."""
    from core.storage.signing import check_keys

    private = (settings.signing_key_file, settings.signing_key_secret, settings.signing_key)
    sources = (*private, settings.verifying_keys)
    if not any(sources):
        if settings.s3_endpoint is None:
            yield skipped("signing key", "none is set; the embedded stack makes its own at its first start")
        else:
            yield broken("signing key", "none is set", "Let REGATTA_SIGNING_KEY_FILE name a file with 32 random bytes.")
        return
    try:
        keys = check_keys()
    except InvalidSettingError as error:
        yield broken("signing key", str(error), "Let REGATTA_SIGNING_KEY_FILE name a file with 32 random bytes.")
        return
    except RegattaError as error:
        yield broken("signing key", error.detail, "Check REGATTA_SIGNING_KEY_SECRET and the AWS credentials.")
        return
    path = settings.signing_key_file
    if path is not None and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield warning("signing key", f"{path} can be read by others, who could sign models", f"chmod 600 {path}")
    else:
        yield ok("signing key", _described(keys))


def _described(keys: "Keyring") -> str:
    """Say what a process with these keys can do."""
    known = f"{len(keys.verifying)} public {'key verifies' if len(keys.verifying) == 1 else 'keys verify'} models"
    own = "the key is the owner's alone" if keys.seed is not None else "none, so that no model can be trained"
    before = "" if keys.usable_hmac_key() is None else "; models of versions before 0.3 are signed anew"
    return f"{own}; {known}{before}"


def _out_of_range(name: str, specifier: "SpecifierSet") -> str | None:
    """Say how the installed version of a package differs from its range; None where it does not."""
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"is not installed; {specifier} is needed"
    return None if specifier.contains(version, prereleases=True) else f"is {version}, but {specifier} is needed"


def _is_writable(folder: Path) -> bool:
    try:
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _holder(port: int) -> str:
    """Say which process listens at a port of this machine, as far as this user may know."""
    import psutil

    unknown = "a process that this user may not see"
    try:
        pids = {found.pid for found in psutil.net_connections("tcp") if found.laddr and found.laddr.port == port}
        pid = next(iter(pids - {None}), None)
        return unknown if pid is None else f"{psutil.Process(pid).name()} (process {pid})"
    except (psutil.Error, OSError):
        return unknown
