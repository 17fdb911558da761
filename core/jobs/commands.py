"""The commands that can run as jobs, each defined once.

An HTTP request validates into a command, a job stores it as JSON, and the worker parses it back into the same type.
What carries each out is in `core.services.handlers`. Light: needs pydantic only.
"""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.errors import InvalidInputError, RegattaError
from core.exporting.csv_style import CsvStyleFields
from core.jobs.fields import ExportFormat, IntervalLevel, ModelInfo, ModelVersion, PartsPrefix, RawTexts, Strict
from core.manifests import Reading
from core.model_manifest import TRAINING_PLACE, TargetTransformChoice, TrainingPlace, ValidationKind
from core.stored_document import is_empty
from core.types import Json
from core.whole_numbers import WHOLE

# How long a Lambda function may run.
MOST_SECONDS = 900
# The default of one training: a gateway waits 29 s for the answer, of which this is for tuning.
TRAIN_TUNING_SECONDS = 10.0
# More names than there are model types.
MOST_INCLUDED = 100
# The default of a comparison, for all regressors together.
COMPARE_TUNING_SECONDS = 60.0
# The shortest time limit of a comparison whose workers have to start.
LEAST_PARALLEL_SECONDS = 20


# For a command that is the request of a route: FastAPI needs its schema at once. pydantic builds all others on first
# use, because `functions.fast_start` says so.
ROUTED = ConfigDict(defer_build=False)


class Command(BaseModel):
    """Base of every command. An unknown field is an error, so that no typo passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    # The `kind` of a job that stores the command.
    kind: ClassVar[str]

    @property
    def identity(self) -> Json:
        """Return the fields by which a request that is sent again with its Idempotency-Key counts as the same."""
        return self.model_dump()

    @property
    def has_best_so_far(self) -> bool:
        """Return whether its job ends with the best so far when it is cancelled while its tasks are carried out."""
        return False


class TrainCommand(Command):
    """Train one model on a file. Without `target_column` the target is the one in the dataset's recipe."""

    kind = "train"
    # Strict, so that 1 is no boolean and false no number.
    model_config = ConfigDict(**ROUTED, strict=True)

    model_type: str
    target_column: str | None = None
    test_size: float = Field(0.2, gt=0, lt=1, description="share of the rows held out to judge the model")
    validation: ValidationKind = Field("random", description="how rows are divided into holdout and folds")
    time_column: str | None = Field(None, description="with validation time: a date, or a number that grows with time")
    group_column: str | None = Field(None, description="with validation group: rows of one value stay together")
    tune_hyperparameters: bool = Field(False, description="look for better parameters than the defaults")
    tuning_seconds: float = Field(TRAIN_TUNING_SECONDS, gt=0, le=MOST_SECONDS, description="how long to look for them")
    target_transform: TargetTransformChoice = Field(
        "none", description="what happens to the target; auto: what scores best"
    )
    return_model: bool = Field(False, description="send the signed model back as model_data")
    model_name: str | None = Field(None, description="default: made of the file and the model type")
    params: Json | None = Field(None, description="parameters of the scikit-learn estimator")
    file_id: str | None = Field(None, description="default: the current file")
    training: TrainingPlace = TRAINING_PLACE


def _split_names(value: Any) -> Any:
    """Split texts at commas: a text such as `"svr, knn"`, or a list of texts; anything else stays, for pydantic."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return value
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _as_one_text(schema: Json) -> None:
    """Describe the list in the OpenAPI page as the text that the query takes."""
    del schema["items"], schema["maxItems"]
    schema.update(type="string", default="")


class CompareCommand(Command):
    """Compare regressors on a file. Without `target_column` the target is the one in the dataset's recipe.

    `time_limit` is the seconds of the whole comparison, `tuning_seconds` those of all the tuning in it. `ensemble` with
    a `time_limit` searches the portfolio instead of comparing the nine default regressors; `max_bytes` and
    `max_latency_us` limit the serving cost of its winner. With `parallel` each trial is a task of a divided job.
    """

    kind = "compare"
    model_config = ROUTED

    test_size: float = Field(0.2, gt=0, lt=1)
    target_column: str | None = Field(None, description="default: the one that processing stored")
    file_id: str | None = Field(None, description="default: the current file")
    validation: ValidationKind = Field("random", description="how rows are divided into holdout and folds")
    time_column: str | None = Field(None, description="with validation time: a date, or a number")
    group_column: str | None = Field(None, description="with validation group: what stays together")
    include: Annotated[list[str], BeforeValidator(_split_names)] = Field(
        default_factory=list,
        max_length=MOST_INCLUDED,
        description="model types beyond the nine, separated by commas",
        json_schema_extra=_as_one_text,
    )
    target_transform: TargetTransformChoice = "none"
    tune_hyperparameters: bool = Field(False, description="show each regressor tuned as well")
    tuning_seconds: float = Field(COMPARE_TUNING_SECONDS, gt=0, le=MOST_SECONDS, description="for all of them")
    time_limit: float | None = Field(None, gt=0, le=MOST_SECONDS, description="seconds for the race")
    ensemble: bool = Field(False, description="add a blend; with time_limit: race the portfolio")
    max_bytes: Annotated[int, Field(gt=0), WHOLE] | None = Field(
        None, description="largest model that may win the portfolio"
    )
    max_latency_us: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="slowest, in microseconds for one row"
    )
    training: TrainingPlace = TRAINING_PLACE
    # Left out where it is false, as `training` is.
    parallel: bool = Field(False, exclude_if=is_empty, description="as a job whose trials several workers carry out")

    @property
    def has_best_so_far(self) -> bool:
        """Return whether its job, cancelled, ends with the best of the trials that are done."""
        return self.parallel and self.searches_portfolio

    @property
    def searches_portfolio(self) -> bool:
        """Return whether this searches the portfolio instead of comparing the default regressors."""
        return self.ensemble and self.time_limit is not None

    def check_options(self) -> None:
        """Raise `InvalidInputError` that names the options which exclude each other."""
        bounds = {"max_bytes": self.max_bytes, "max_latency_us": self.max_latency_us}
        bounding = [name for name, value in bounds.items() if value is not None]
        if bounding and not self.searches_portfolio:
            raise _conflict(bounding, "bounds a race of the portfolio, which takes ensemble=true and time_limit")
        choosing = {
            "include": bool(self.include),
            "tune_hyperparameters": self.tune_hyperparameters,
            "target_transform": self.target_transform != "none",
        }
        if self.searches_portfolio and (meant := [name for name, given in choosing.items() if given]):
            raise _conflict(meant, "goes with the nine only; leave it out, or ensemble, or time_limit")
        if self.parallel and self.training == "batch":
            raise _conflict(["training"], "batch is one container, and parallel=true is several workers; leave one out")
        if self.parallel and self.time_limit is not None and self.time_limit < LEAST_PARALLEL_SECONDS:
            why = f"parallel=true takes {LEAST_PARALLEL_SECONDS} or more, since workers have to start; or leave it out"
            raise _conflict(["time_limit"], why)


def _conflict(names: list[str], why: str) -> InvalidInputError:
    return InvalidInputError(f"{', '.join(names)}: {why}.", [{"field": name, "message": why} for name in names])


class TableCommand(Command):
    """Base of what predicts a stored table, or many objects of the bucket, with a stored model."""

    model_name: str
    version: ModelVersion = None
    model_info: ModelInfo = None
    # Empty where the rows are those of the objects that a prefix names.
    file_id: str = ""
    prefix: PartsPrefix = Field(None, exclude_if=is_empty)
    strict: Strict = False
    interval: IntervalLevel = None

    @property
    def is_always_a_job(self) -> bool:
        """Return whether no request does it at once, however few the rows are."""
        return self.prefix is not None


class PredictTableCommand(TableCommand):
    """Predict a stored table of any size, or many objects of the bucket, into a JSON file."""

    kind = "predict"


class ExportTableCommand(CsvStyleFields, TableCommand):
    """Predict a stored table of any size, or many objects of the bucket, into a file of one of the export formats."""

    kind = "export"

    format: ExportFormat = "csv"
    raw: RawTexts = False

    @property
    def is_always_a_job(self) -> bool:
        """Return whether no request does it at once: what answers requests cannot write Parquet."""
        return super().is_always_a_job or self.format == "parquet"


class RetrainCommand(Command):
    """Decide about one file that arrived in a series: the object `key` while its content has the ETag `etag`."""

    kind = "retrain"

    series: str
    key: str
    etag: str
    # When the object was written, in UTC as ISO 8601 with microseconds.
    last_modified: str
    # The place of the event among those of the same key, as S3 numbers them.
    sequencer: str | None
    size_bytes: int
    # The target that the object's metadata names.
    target_column: str | None
    # Made when the command is submitted, so that every attempt stores the same dataset.
    file_id: str
    # Why AWS Batch is to carry it out, for the report; empty where a worker of the queue does.
    why_batch: str = Field("", exclude_if=is_empty)

    @property
    def identity(self) -> Json:
        """Return what identifies the object's content: every event about it is the same request."""
        return {"key": self.key, "etag": self.etag}


class IngestCommand(Command):
    """Make a dataset of the large upload `file_id`, whose bytes have been received."""

    kind = "ingest"

    file_id: str
    filename: str
    reading: Reading = Reading()


class ReadAgainCommand(Command):
    """Read the bytes of the dataset `parent` again, with `changes` of how it was read, as a new dataset."""

    kind = "read"

    parent: str
    changes: Json
    # Made when the command is submitted: the whole reading, and the new dataset, which every attempt stores.
    reading: Reading = Reading()
    file_id: str = ""

    @property
    def identity(self) -> Json:
        """Return what the caller sent."""
        return {"parent": self.parent, "changes": self.changes}


COMMANDS: dict[str, type[Command]] = {
    command.kind: command
    for command in (
        TrainCommand,
        CompareCommand,
        PredictTableCommand,
        ExportTableCommand,
        RetrainCommand,
        IngestCommand,
        ReadAgainCommand,
    )
}

# Nobody waits for the result of these kinds, so the message of every failed one becomes a dead letter.
UNATTENDED = frozenset({RetrainCommand.kind})


class UnreadableCommandError(RegattaError):
    """A job's command was stored by another version of Regatta, and this one cannot read it.

    It counts as a fault of ours: the job is tried again, since the next worker may have the other version, and its
    message becomes a dead letter in the end.
    """


def parse_command(kind: str, fields: Json) -> Command:
    """Return the command that a job stores; raises `UnreadableCommandError` where this version cannot read it."""
    if kind not in COMMANDS:
        raise UnreadableCommandError(
            f"Another version of Regatta stored this job, and this one knows no jobs of the kind {kind!r}. "
            "Send the request again, or update the worker and retry the job.",
            [{"field": "kind", "message": "is unknown"}],
        )
    try:
        return COMMANDS[kind].model_validate(fields)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in found]
        raise UnreadableCommandError(
            "Another version of Regatta stored this job, and this one cannot read its command. Send the request again.",
            errors,
        ) from error
