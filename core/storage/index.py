"""The registry: a Redis hash of manifests per workspace and kind, always checked against the bucket's own listing."""

import json
from typing import Any

from core.storage.objects import MissingObjectError, ObjectStore
from core.storage.shared import SharedState

MANIFEST = "manifest.json"


class ManifestIndex:
    """Every manifest below a prefix, fetched once and kept in Redis under the ETag it was read with.

    A listing of the bucket says which manifests there are and their ETags; Redis only saves fetching them again. So
    an index that is missing, stale or wrong (Redis lost, restarted or cut off in the middle of a write) mends itself
    on the next read and never shows in an answer.
    """

    def __init__(self, objects: ObjectStore, shared: SharedState, kind: str, ending: str = f"/{MANIFEST}") -> None:
        """`kind` is the folder in a workspace: `datasets`, `models` or `jobs`; `ending` is that of a manifest's key."""
        self._objects = objects
        self._shared = shared
        self._kind = kind
        self._ending = ending

    def manifests(self, workspace: str) -> list[dict[str, Any]]:
        """The manifests of a workspace, in key order."""
        listed = {
            item.key: item.etag
            for item in self._objects.list(f"{workspace}/{self._kind}/")
            if item.key.endswith(self._ending)
        }
        name = self._name(workspace)
        indexed: dict[bytes, bytes] = self._shared.ask(lambda client: client.hgetall(name), {})
        known = {key.decode(): json.loads(entry) for key, entry in indexed.items()}
        fresh = {key: known[key] for key, etag in listed.items() if known.get(key, {}).get("etag") == etag}
        for key in listed.keys() - fresh.keys():
            entry = self._fetch(key)
            if entry is not None:
                fresh[key] = entry
                self._remember(name, key, entry)
        gone = list(known.keys() - listed.keys())
        if gone:
            self._shared.ask(lambda client: client.hdel(name, *gone), None)
        return [fresh[key]["manifest"] for key in sorted(fresh)]

    def add(self, workspace: str, key: str, etag: str, manifest: dict[str, Any]) -> None:
        """Enter a manifest that was just written; the last step of every write."""
        self._remember(self._name(workspace), key, {"etag": etag, "manifest": manifest})

    def drop(self, workspace: str, key: str) -> None:
        """Take out a manifest that was just deleted."""
        self._shared.ask(lambda client: client.hdel(self._name(workspace), key), None)

    def size(self, workspace: str) -> int | None:
        """How many manifests Redis holds of this workspace, or None when it does not answer."""
        size: int | None = self._shared.ask(lambda client: client.hlen(self._name(workspace)), None)
        return size

    def _fetch(self, key: str) -> dict[str, Any] | None:
        try:
            body, etag = self._objects.get_tagged(key)
            return {"etag": etag, "manifest": json.loads(body)}
        except (MissingObjectError, ValueError):
            # Deleted since the listing, or damaged: one bad manifest does not hide the others.
            return None

    def _remember(self, name: str, key: str, entry: dict[str, Any]) -> None:
        self._shared.ask(lambda client: client.hset(name, key, json.dumps(entry)), None)

    def _name(self, workspace: str) -> str:
        return f"regatta:{workspace}:{self._kind}"
