"""Memory that was freed goes back to the system where the C library is glibc; others are left alone."""

import ctypes
import subprocess
import sys

import pytest

from core import freed_memory

# The last of many pieces stays, so that the library keeps those that were freed below it.
FREED = """
import re
from core.freed_memory import limit_arenas, return_freed_memory

def resident_mib():
    return int(re.search(r"VmRSS:\\s*(\\d+)", open("/proc/self/status").read())[1]) >> 10

limit_arenas()
pieces = [bytes(100_000) for _ in range(600)]
last = pieces.pop()
del pieces
before = resident_mib()
return_freed_memory()
print(before - resident_mib())
"""


def test_memory_that_was_freed_below_what_is_used_goes_back() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert int(done.stdout) > (20 if hasattr(ctypes.CDLL(None), "malloc_trim") else -1)


def test_another_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", lambda name: object())
    freed_memory.limit_arenas()
    freed_memory.return_freed_memory()
