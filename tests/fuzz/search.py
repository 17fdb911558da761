"""Search for inputs that break a reader, guided by coverage: `make fuzz`.

A find is written below `tests/fuzz/finds/TARGET/`, where `make test` reads it ever after.
"""

import argparse
import hashlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

FINDS = Path(__file__).parent / "finds"
NAMES = ("csv", "json", "envelope")
# A single input may take so long. A slower one is a find as well.
SLOWEST_SECONDS = 20


def main() -> None:
    """Search one target for so many seconds; exit with 1 after a find."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["core", "functions"]):
        from tests.fuzz.seeds import SEEDS
        from tests.fuzz.targets import TARGETS

    os.environ.setdefault("REGATTA_SIGNING_KEY", "a key for the search, long enough")
    finds = FINDS / chosen.target
    finds.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="regatta-fuzz-") as corpus:
        for number, seed in enumerate(SEEDS[chosen.target]):
            (Path(corpus) / str(number)).write_bytes(seed)
        options = [
            f"-max_total_time={chosen.seconds}",
            f"-timeout={SLOWEST_SECONDS}",
            f"-artifact_prefix={finds}/",
            "-max_len=4096",
            "-rss_limit_mb=4096",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], _keeping(finds, TARGETS[chosen.target]))
        atheris.Fuzz()


def _keeping(finds: Path, read: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return the target; it keeps the input that breaks it under a name of its own."""

    def target(data: bytes) -> None:
        try:
            read(data)
        except Exception:
            (finds / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
            traceback.print_exc()
            os._exit(1)  # libFuzzer would write the input a second time

    return target


if __name__ == "__main__":
    main()
