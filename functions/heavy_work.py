"""Where heavy work is done: in this process, or in one of its own where a server has such processes.

A function on AWS answers one request at a time, so it computes itself. A server predicts meanwhile: `infra.local`
installs a runner that hands the work to another process.
"""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from core.storage.workspace import Workspace

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
# Calls a function of a module with a workspace and further arguments, all of which can be pickled, and returns what it
# returns. Work that `is_long` takes seconds or minutes.
Runner = Callable[..., Any]

_runners: list[Runner] = []


def install(runner: Runner) -> None:
    """Let `runner(work, workspace, arguments, options, is_long)` do the heavy work of this process from now on."""
    _runners[:] = [runner]


def is_elsewhere() -> bool:
    """Return whether heavy work is done in other processes than this one."""
    return bool(_runners)


def run_heavy(
    work: Callable[Concatenate[Workspace, Arguments], Result],
    workspace: Workspace,
    *arguments: Arguments.args,
    **options: Arguments.kwargs,
) -> Result:
    """Return `work(workspace, ...)`, which takes well under a second for a small table; raises what it raises.

    Raises `WorkerEndedError` where the process that did the work was killed.
    """
    return _run(work, workspace, arguments, options, is_long=False)


def run_long(
    work: Callable[Concatenate[Workspace, Arguments], Result],
    workspace: Workspace,
    *arguments: Arguments.args,
    **options: Arguments.kwargs,
) -> Result:
    """Return what `run_heavy` does for work that trains. It never takes all processes, so that tables go on."""
    return _run(work, workspace, arguments, options, is_long=True)


def _run(work: Callable[..., Result], workspace: Workspace, arguments: Any, options: Any, *, is_long: bool) -> Result:
    if not _runners:
        return work(workspace, *arguments, **options)
    result: Result = _runners[0](work, workspace, arguments, options, is_long)
    return result
