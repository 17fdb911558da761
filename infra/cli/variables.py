"""Variables of the environment that look like settings and are none."""

from collections.abc import Mapping

from core.settings import unknown_variables

# The Python client reads the first two; the processes of a stack have the next two. The last one is of versions before
# 0.4, whose embedded Redis had a port.
KNOWN = ("REGATTA_URL", "REGATTA_API_KEY", "REGATTA_STACK", "REGATTA_STACK_PART", "REGATTA_REDIS_PORT")


def unknown_messages(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable `REGATTA_*` that nothing reads, with the one that it resembles."""
    unknown = unknown_variables(environment, KNOWN)
    return [f"{name} is no setting." + (f" Did you mean {near}?" if near else "") for name, near in unknown.items()]
