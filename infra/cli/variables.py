"""Variables of the environment that look like settings and are none."""

from collections.abc import Mapping

from core.settings import unknown_variables

# The Python client reads the first two; the processes of a stack have the last two.
KNOWN = ("REGATTA_URL", "REGATTA_API_KEY", "REGATTA_STACK", "REGATTA_STACK_PART")
# Settings of earlier versions, and what is so instead.
FORMER = {
    "REGATTA_REDIS_PORT": "REGATTA_REDIS_PORT means nothing any more: the Redis of the stack listens on a socket of "
    "its owner. `regatta status` has its address.",
}


def unknown_messages(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable `REGATTA_*` that nothing reads, with the one that it resembles."""
    unknown = unknown_variables(environment, KNOWN)
    return [
        FORMER.get(name) or f"{name} is no setting." + (f" Did you mean {near}?" if near else "")
        for name, near in unknown.items()
    ]
