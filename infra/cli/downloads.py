"""Files that the service writes, onto this disk."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.cli.progress import ReportProgress
    from regatta import Regatta


def export_table(client: "Regatta", path: Path, report_progress: "ReportProgress", **request: Any) -> None:
    """Write a dataset with its predictions to `path`; `request` has the fields of POST /predict/export."""
    from infra.cli.following import finished_job, follow

    sent = {name: value for name, value in request.items() if value is not None}
    response = client.request("POST", "/predict/export", json=sent, keyed=True)
    if response.status_code == 202:
        job = follow(client, response.json()["job_id"], lambda job: report_progress(job["stage"], job["progress"]))
        _fetch(finished_job(job)["url"], path)
    elif response.status_code == 303:
        _fetch(response.headers["Location"], path)
    else:
        path.write_bytes(response.content)


def download_model(client: "Regatta", name: str, version: int | None, file_format: str, path: Path) -> None:
    """Write a version of a model to `path`, as onnx or pickle."""
    from infra.cli.stored_data import segment

    params = {"format": file_format, "version": version}
    response = client.request("GET", f"/model/artifact/{segment(name)}", params=params)
    if response.status_code == 303:
        _fetch(response.headers["Location"], path)
    else:
        path.write_bytes(response.content)


def _fetch(url: str, path: Path) -> None:
    """Write what is at a presigned URL to `path`."""
    import httpx

    from infra.cli.service import CommandError

    try:
        with httpx.stream("GET", url, timeout=60) as response, path.open("wb") as file:
            response.raise_for_status()
            for piece in response.iter_bytes():
                file.write(piece)
    except httpx.HTTPError as error:
        raise CommandError(f"The file is at {url}, which cannot be reached: {error}") from None
