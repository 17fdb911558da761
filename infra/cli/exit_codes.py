"""The exit statuses of every command; docs/command-line.md explains them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status says."""

    OK = 0
    # The service refused the request, a check failed, or what was asked for is not there.
    FAILED = 1
    # The command line or a setting is wrong; nothing was done.
    USAGE = 2
    # Nothing answers at the address.
    UNREACHABLE = 3
    # The key is missing or wrong, or may not do this.
    UNAUTHORISED = 4
    # Ctrl-C.
    INTERRUPTED = 130
    # Nobody reads the output any more, as after `| head`.
    PIPE_CLOSED = 141
