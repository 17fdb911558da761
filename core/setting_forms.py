"""What the text of a setting may be: for each form a function that reads it, and the words that say what is right."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Form:
    """How the text of a variable is read; `read` raises `ValueError` where it is not what `words` say."""

    words: str
    read: Callable[[str], Any]


class Secret:
    """A text that does not show in logs: only `reveal` returns it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(...)"

    def reveal(self) -> str:
        """Return the text."""
        return self._text


def whole_number(least: int, most: int | None = None, *, unit: str = "") -> Form:
    """Return the form of an integer between two bounds, which are included."""
    what = f"a whole number of {unit}" if unit else "a whole number"
    bounds = f", at least {least:,}" if most is None else f" from {least} to {most}"
    return Form(what + bounds, lambda text: _within(int(text), least, most))


def seconds(least: float) -> Form:
    """Return the form of a duration in seconds, at least `least`."""
    return Form(f"a number of seconds, at least {least:g}", lambda text: _within(float(text), least, None))


def text(words: str, pattern: str = ".+") -> Form:
    """Return the form of a text that `pattern` matches in full."""
    return Form(words, lambda value: _matching(value, pattern))


def one_of(*names: str) -> Form:
    """Return the form of a name from a list, in letters of any case."""
    return Form(
        " or ".join([", ".join(names[:-1]), names[-1]]), lambda value: _matching(value.upper(), "|".join(names))
    )


WEB_ADDRESS = text("an address that begins with http:// or https://", r"https?://[^/\s].*")
REDIS_ADDRESS = text(
    "an address that begins with redis://, rediss:// or unix://, such as redis://127.0.0.1:6379/0",
    r"(rediss?|unix)://.+",
)
ORIGIN = text(
    "* or an origin without a path, such as https://app.example.com",
    r"\*|https?://[^/ '\"]+",
)
HOSTS = text(
    "* or names of hosts without a port, separated by commas, such as regatta.example.com",
    r"\*|[A-Za-z0-9._:-]+( *, *[A-Za-z0-9._:-]+)*",
)
BUCKET = text("the name of a bucket, of 3 to 63 characters, without s3:// and without slashes", r"[^/\s:]{3,63}")
BASE_PATH = text(
    "a path without a slash at its end, such as /regatta, or / alone", r"/|(/([A-Za-z0-9._~-]+|\{api_id\}))+"
)
TOPIC = text("the ARN of a topic, such as arn:aws:sns:eu-central-1:123456789012:decisions", "arn:.+")
STATE_MACHINE = text(
    "the ARN of a state machine, such as arn:aws:states:eu-central-1:123456789012:stateMachine:regatta-tasks",
    "arn:[^:]+:states:[^:]+:[^:]+:stateMachine:[^:]+",
)
PUBLIC_KEYS = text("public keys in Base64, separated by commas", r"[A-Za-z0-9+/]{43}=(, ?[A-Za-z0-9+/]{43}=)*")
ANY = Form("a text", str)
PORT = whole_number(1, 65535)
BYTES = whole_number(1, unit="bytes")
SECRET = Form("a text", Secret)
PATH = Form("a path", Path)


def _networks(value: str) -> str:
    from ipaddress import ip_network  # only servers behind a proxy need it

    for name in value.split(",") if value != "*" else ():
        ip_network(name.strip(), strict=False)
    return value


# `keys`, `oidc` or both ask who calls; the others ask nobody, or leave it to the gateway.
AUTH = text(
    "none, keys, oidc, keys,oidc, iam or none-i-know", r"none|none-i-know|iam|keys|oidc|keys, ?oidc|oidc, ?keys"
)
CLAIM = text("the name of a claim, without blanks; dots lead to nested ones", r"\S+")
SAFE_WEB_ADDRESS = text(
    "an address that begins with https://, or with http:// on this machine",
    r"https://[^/\s@].*|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/.*)?",
)
NETWORKS = Form("* or addresses and networks, separated by commas, such as 127.0.0.1, 10.0.0.0/8", _networks)
SWITCH = Form("true or false", lambda value: _matching(value.lower(), "true|false") == "true")


def _within(value: float, least: float, most: float | None) -> float:
    if not math.isfinite(value) or value < least or (most is not None and value > most):
        raise ValueError(value)
    return value


def _matching(value: str, pattern: str) -> str:
    if re.fullmatch(pattern, value, re.DOTALL) is None:
        raise ValueError(value)
    return value
