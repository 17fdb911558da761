"""The service's and the client's messages in the words of the command line, so that their way out can be typed."""

import re
import shlex

# What the messages say, and what a shell says instead.
WORDS = (
    (r"\burl= or REGATTA_URL", "--url or REGATTA_URL"),
    (r"\bwith api_key= or REGATTA_API_KEY", "in REGATTA_API_KEY"),
    (r"\bGET /model/trained lists", "`regatta models` lists"),
    (r"\bPOST /model/train trains", "`regatta train` trains"),
    (r"\bGET /jobs lists", "`regatta jobs` lists"),
    (r"\bGET /series lists", "`regatta series` lists"),
    (r"\bGET /data/files lists", "`regatta files` lists"),
    (
        r"\bSend target_column, or store one with POST /data/process\b",
        "Name one with --target, or store one with `regatta process --target COLUMN`",
    ),
    (r"\bwith has_header=true", "with --header"),
)
KEPT_COLUMN = re.compile(r'\bPOST /data/process with "columns": {"(.*?)": "(\w+)"} keeps')


def in_shell_words(message: str) -> str:
    """Return a message in which endpoints, fields and arguments are the commands and options that do the same."""
    for theirs, ours in WORDS:
        message = re.sub(theirs, ours, message)
    return KEPT_COLUMN.sub(_process_command, message)


def _process_command(match: re.Match[str]) -> str:
    return f"`regatta process --column {shlex.quote(f'{match[1]}={match[2]}')}` keeps"
