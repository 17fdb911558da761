"""How the parts of the embedded stack are, as its supervisor writes it and `regatta status` reads it."""

import json
import logging
from pathlib import Path

from core.types import Json
from infra.local.processes import WEB_STATE

log = logging.getLogger("regatta")

FILE = "parts.json"


class PartStates:
    """The file with the state of each part: `up`, `silent` or `restarting`, and how often it was started again."""

    def __init__(self, home: Path) -> None:
        self._file = home / FILE
        self._states: Json = {}

    def set(self, part: str, state: str, restarts: int) -> None:
        """Write the state of a part. On a full disk the old state stays, because the stack has to go on."""
        self._states[part] = {"state": state, "restarts": restarts}
        draft = self._file.with_suffix(".new")
        try:
            draft.write_text(json.dumps(self._states))
            draft.replace(self._file)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._file, error.strerror)


def read(home: Path) -> Json:
    """Return by part of a running stack its state; that of the web apps says how many workers serve."""
    states = _read_file(home / FILE)
    if web := _read_file(home / WEB_STATE):
        states["web"] = {**states.get("web", {}), **web}
    return states


def _read_file(path: Path) -> Json:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
