"""Runs MiniStack, which saves its state at SIGUSR1 as it does at a clean stop, so that kill -9 loses nothing."""

import signal

from ministack import app
from ministack.core import lambda_runtime
from ministack.core.persistence import save_all


def main() -> None:
    """Serve until SIGTERM, then end the processes of the functions. Settings come from the environment."""
    signal.signal(signal.SIGUSR1, lambda *_: save_all(app._build_persistence_save_dict()))
    try:
        app.main()
    finally:
        lambda_runtime.reset()


if __name__ == "__main__":
    main()
