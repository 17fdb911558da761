"""Write the sync half of the client from the async one: `make client`.

The files of `regatta/_async` are copied to `regatta/_sync` with the words of coroutines replaced. `runtime.py`, which
has what differs otherwise, is written by hand on both sides.
"""

import re
import subprocess
import sys
from pathlib import Path

ASYNC = Path(__file__).parent / "regatta/_async"
SYNC = ASYNC.with_name("_sync")
BY_HAND = {"runtime.py"}
HEAD = "# Generated from regatta/_async/{name} by `make client`. Change that file.\n"

WORDS = [
    (r"\basync def\b", "def"),
    (r"an `async with`", "a `with`"),
    (r"\basync with\b", "with"),
    (r"\basync for\b", "for"),
    (r"\baclosing\b", "closing"),
    (r"\bawait ", ""),
    (r"\bAwaitable\[(\w+)\]", r"\1"),
    (r"\bhttpx\.Async(\w+)", r"httpx.\1"),
    (r"\bAsync(?=(Iterator|Iterable|Generator|ContextManager)\b)", ""),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"\basync(?=contextmanager\b)", ""),
    (r"\b__a(enter|exit|iter|next)__", r"__\1__"),
    (r"\ba(iter_bytes|iter_raw|read|close)\b", r"\1"),
    (r"\bregatta\._async\b", "regatta._sync"),
    (r"The client as coroutines, written by hand.*", 'The client as plain calls, generated from `regatta._async`."""'),
]


def sync_text(name: str, text: str) -> str:
    """Return the sync file of an async one, formatted and with its imports in order."""
    for pattern, word in WORDS:
        text = re.sub(pattern, word, text)
    return ruff("format", ruff("check", HEAD.format(name=name) + text, "--fix", "--quiet", "--select", "I,F401"))


def ruff(command: str, text: str, *options: str) -> str:
    """Return a text after a command of ruff, with the settings of the sync files."""
    program = Path(sys.executable).with_name("ruff")
    arguments = [program, command, *options, "--stdin-filename", SYNC / "file.py", "-"]
    return subprocess.run(arguments, input=text, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def stale() -> dict[Path, str]:
    """Return the sync files that differ from what they should be, with their right text."""
    sources = [path for path in sorted(ASYNC.glob("*.py")) if path.name not in BY_HAND]
    texts = {SYNC / path.name: sync_text(path.name, path.read_text(encoding="utf-8")) for path in sources}
    return {path: text for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text}


if __name__ == "__main__":
    for path, text in stale().items():
        path.write_text(text, encoding="utf-8")
