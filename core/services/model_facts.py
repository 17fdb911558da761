"""What a model report shows beyond the manifest of its version."""

from core.model_manifest import ModelManifest
from core.reporting.leaderboard_section import Standing
from core.reporting.model_report import ModelFacts
from core.storage.workspace import Workspace

# The first versions by name among which the models of the same training are looked for.
MOST_LISTED = 1000


def model_facts(workspace: Workspace, manifest: ModelManifest) -> ModelFacts:
    """Return what is stored beside a version, and which versions the same job trained."""
    evaluation = workspace.models.evaluation(manifest.model_name, manifest.version) or {}
    is_champion = workspace.models.serving(manifest.model_name) == manifest.version
    return ModelFacts(is_champion, evaluation, _rivals(workspace, manifest))


def _rivals(workspace: Workspace, manifest: ModelManifest) -> list[Standing]:
    """Return the versions that the same job trained, this one among them; none of a model without a job."""
    if manifest.job_id is None:
        return []
    page = workspace.models.page(MOST_LISTED)
    return [
        Standing(
            model_name=row.model_name,
            version=row.version,
            model_type=row.model_type,
            r2=row.metrics.get("r2"),
            rmse=row.metrics.get("rmse"),
            size_bytes=row.size_bytes,
        )
        for row, _ in page.models
        if row.job_id == manifest.job_id
    ]
