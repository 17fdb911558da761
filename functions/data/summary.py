"""A dataset in a few fields, as every list and every look at one file shows it."""

from typing import Any

from core.manifests import DatasetManifest


def summary(manifest: DatasetManifest) -> dict[str, Any]:
    """What identifies a dataset and how large it is."""
    return {
        "file_id": manifest.file_id,
        "filename": manifest.filename,
        "rows": manifest.rows,
        "columns": len(manifest.columns),
        "size_bytes": manifest.size_bytes,
        "created_at": manifest.created_at,
    }
