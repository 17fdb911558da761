"""What a job has published already: a worker that was killed may have got that far."""

from core.manifests import ModelManifest
from core.storage.wiring import storage


def published(workspace: str, job_id: str | None) -> dict[str, ModelManifest]:
    """The models that this job has stored, by name; nothing for what is no job.

    The bucket's own listing tells, so it holds also for what another worker stored a moment ago.
    """
    if job_id is None:
        return {}
    return {model.model_name: model for model in storage().models.list(workspace) if model.job_id == job_id}
