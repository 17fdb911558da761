"""Where the answer of one operation leads: the values in it that parameters of others take."""

from core.types import Json

OF_FILE = (
    *("get_dataset", "preview_dataset", "read_rows", "profile_dataset", "report_dataset", "find_outliers"),
    "download_dataset",
    *("get_file_status", "switch_file", "change_reading", "rename_file", "delete_file"),
)
OF_UPLOAD = ("resume_upload", "complete_upload", "get_file_status", "abort_upload")
OF_MODEL = (
    *("get_model", "get_metrics", "get_importance", "get_effects", "get_schema", "download_model"),
    *("choose_champion", "rename_model", "get_model_metadata", "get_model_readiness", "infer", "delete_model"),
)
OF_JOB = ("get_job", "cancel_job", "retry_job")
OF_SERIES = ("get_series", "list_decisions", "presign_series_upload")

# By operation and status: the operations, their parameter, and the field of the answer.
LINKS: dict[tuple[str, int], tuple[tuple[str, ...], str, str]] = {
    ("upload_file", 200): (OF_FILE, "file_id", "file_id"),
    ("change_reading", 201): (OF_FILE, "file_id", "file_id"),
    ("start_upload", 201): (OF_UPLOAD, "file_id", "file_id"),
    ("train_model", 200): (OF_MODEL, "model_name", "model_name"),
    ("compare_models", 200): (OF_MODEL, "model_name", "best/model_name"),
    ("rename_model", 200): (OF_MODEL, "model_name", "model_name"),
    ("configure_series", 200): (OF_SERIES, "name", "name"),
    **{
        (operation, 202): (OF_JOB, "job_id", "job_id")
        for operation in (
            *("train_model", "compare_models", "change_reading", "predict_rows", "export_predictions"),
            *("cancel_job", "retry_job"),
        )
    },
}


def links_of(operation: str, status: int) -> Json:
    """Return the links of an answer."""
    if (operation, status) not in LINKS:
        return {}
    targets, parameter, field = LINKS[operation, status]
    value = f"$response.body#/{field}"
    return {target: {"operationId": target, "parameters": {parameter: value}} for target in targets}
