"""Give memory back that the C library keeps after it was freed. glibc keeps it for each thread; others do not."""

import ctypes

# The parameter of glibc's `mallopt` for the most arenas, from which threads take memory.
M_ARENA_MAX = -8
# Each arena keeps what was freed in it. With one, two threads would often wait for each other.
MOST_ARENAS = 2
# Arrow reads it when it is loaded. Its default pool does not return the memory of threads, which is 80 MB in an export.
ARROW_POOL = {"ARROW_DEFAULT_MEMORY_POOL": "system"}


def limit_arenas() -> None:
    """Let the threads of this process share a few arenas."""
    _call("mallopt", M_ARENA_MAX, MOST_ARENAS)


def return_freed_memory() -> None:
    """Return to the system what this process has freed."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    """Call a function of the C library, if it has it."""
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
