"""Processes that permissions bind, also where the tests run as root, who ignores them."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping

# prctl(2) and capabilities(7): CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER.
PR_CAPBSET_DROP = 24
CAPABILITIES = (0, 1, 2, 3)


def run_unprivileged(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with these arguments and variables of the environment; return its output, with standard error in it.

    It keeps its user, because another one may not be able to read the interpreter.
    """
    environment: Mapping[str, str] = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        preexec_fn=_drop_privileges if os.getuid() == 0 else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def _drop_privileges() -> None:
    for capability in CAPABILITIES:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
