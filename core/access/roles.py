"""What a caller may do: the four roles, and the least role of every operation.

Each role includes those before it. The table below is the only place that says which role an operation needs: the guard
of requests, the OpenAPI document and docs/access.md are made from it or compared with it.
"""

from enum import IntEnum


class Role(IntEnum):
    """What a caller may do, in one workspace; a higher role includes the lower ones."""

    READ = 1
    PREDICT = 2
    TRAIN = 3
    ADMIN = 4

    @property
    def label(self) -> str:
        """Return its name as users write it, such as `read`."""
        return self.name.lower()

    @classmethod
    def named(cls, label: str) -> "Role":
        """Return the role of this name; raises `ValueError` for any other text."""
        if label not in ROLE_NAMES:
            raise ValueError(label)
        return cls[label.upper()]


ROLE_NAMES = tuple(role.label for role in Role)

# By operation the least role. None: open to everybody, because it says nothing of any workspace and probes, browsers
# and clients ask it before they have a key.
LEAST_ROLES: dict[str, Role | None] = {
    "get_index": None,
    "check_health": None,
    "check_readiness": None,
    "get_liveness": None,
    "get_readiness": None,
    "get_console": None,
    "get_console_file": None,
    "get_docs": None,
    "get_docs_file": None,
    "get_openapi": None,
    "get_openapi_3_0": None,
    # Looks at what is there.
    "get_status": Role.READ,
    "get_metrics_text": Role.READ,
    "get_server_metadata": Role.READ,
    "get_dataset": Role.READ,
    "preview_dataset": Role.READ,
    "read_rows": Role.READ,
    "profile_dataset": Role.READ,
    "report_dataset": Role.READ,
    "find_outliers": Role.READ,
    "download_dataset": Role.READ,
    "list_files": Role.READ,
    "get_file_status": Role.READ,
    "list_regressors": Role.READ,
    "list_models": Role.READ,
    "get_model": Role.READ,
    "get_metrics": Role.READ,
    "get_importance": Role.READ,
    "report_model": Role.READ,
    "get_effects": Role.READ,
    "get_schema": Role.READ,
    "download_model": Role.READ,
    "get_model_metadata": Role.READ,
    "get_version_metadata": Role.READ,
    "get_model_readiness": Role.READ,
    "get_version_readiness": Role.READ,
    "list_jobs": Role.READ,
    "get_job": Role.READ,
    "list_series": Role.READ,
    "get_series": Role.READ,
    "list_decisions": Role.READ,
    "report_decision": Role.READ,
    # Asks models for predictions.
    "predict_row": Role.PREDICT,
    "predict_rows": Role.PREDICT,
    "export_predictions": Role.PREDICT,
    "infer": Role.PREDICT,
    "infer_with_version": Role.PREDICT,
    # Adds datasets and versions, and takes part in what is going on.
    "upload_file": Role.TRAIN,
    "process_dataset": Role.TRAIN,
    "change_reading": Role.TRAIN,
    "switch_file": Role.TRAIN,
    "start_upload": Role.TRAIN,
    # Its answer has the presigned addresses of the parts that are missing.
    "resume_upload": Role.TRAIN,
    "abort_upload": Role.TRAIN,
    "complete_upload": Role.TRAIN,
    "train_model": Role.TRAIN,
    "compare_models": Role.TRAIN,
    "cancel_job": Role.TRAIN,
    "retry_job": Role.TRAIN,
    "presign_series_upload": Role.TRAIN,
    # Takes something away from others, or decides what serves them.
    "rename_file": Role.ADMIN,
    "delete_file": Role.ADMIN,
    "delete_model": Role.ADMIN,
    "rename_model": Role.ADMIN,
    "choose_champion": Role.ADMIN,
    "configure_series": Role.ADMIN,
    "overrule_decision": Role.ADMIN,
}

# A pickle runs code on the machine of whoever loads it, so taking one along needs more than the graph does.
PICKLE_ROLE = Role.ADMIN


def may(role: Role, operation: str) -> bool:
    """Return whether a role is enough for an operation; one that the table lacks is nobody's."""
    if operation not in LEAST_ROLES:
        return False
    least = LEAST_ROLES[operation]
    return least is None or role >= least
