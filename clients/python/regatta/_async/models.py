"""Models: `client.models`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from regatta._async.connection import AsyncConnection
from regatta._async.jobs import AsyncJobs, ReportProgress, succeeded
from regatta.answers import Comparison, Job, Metrics, Model, ModelSchema, Regressor
from regatta.choice import Named, chosen, column, segment
from regatta.reading import given

# A page of the list of models.
PAGE = 1000

ModelList = list[Model]
Names = list[str]
RegressorList = list[Regressor]
Importances = list[Mapping[str, Any]]
Effects = Mapping[str, Any]
Versions = list[int]
Validation = Literal["random", "time", "group"]
Place = Literal["function", "batch", "auto"]
TargetTransform = Literal["none", "log", "yeo_johnson", "trend", "auto"]

ASYNCHRONOUS = {"Prefer": "respond-async"}


class AsyncModels:
    """Trains models, compares them, and chooses which version serves.

    A model is named by its name, or by what `train`, `compare` and `list` return; then its version is meant. The type
    of a model is a name as well: it means the newest model of that type.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._jobs = AsyncJobs(connection)

    async def available(self) -> RegressorList:
        """Return every kind of model that can be trained, by its `model_type`."""
        answer = await self._connection.json("GET", "/model/available")
        return [Regressor.of(entry) for entry in answer["models"]]

    async def train(
        self,
        model_type: str,
        target: str | None = None,
        *,
        model_name: str | None = None,
        on_progress: ReportProgress | None = None,
        test_size: float | None = None,
        validation: Validation | None = None,
        time_column: str | None = None,
        group_column: str | None = None,
        params: Mapping[str, Any] | None = None,
        tune_hyperparameters: bool | None = None,
        tuning_seconds: float | None = None,
        target_transform: TargetTransform | None = None,
        return_model: bool | None = None,
        file_id: str | None = None,
        training: Place | None = None,
    ) -> Model:
        """Train a model as a job, follow it, and return the new version, which serves from now on.

        Without `target` the one that `data.process` stored is predicted. Where the waiting is broken off, as by Ctrl-C,
        the job goes on, and the exception has its `job_id`.
        """
        job = await self.submit_train(
            model_type,
            target,
            model_name=model_name,
            test_size=test_size,
            validation=validation,
            time_column=time_column,
            group_column=group_column,
            params=params,
            tune_hyperparameters=tune_hyperparameters,
            tuning_seconds=tuning_seconds,
            target_transform=target_transform,
            return_model=return_model,
            file_id=file_id,
            training=training,
        )
        return Model.of(await self._result(job, on_progress))

    async def submit_train(self, model_type: str, target: str | None = None, **options: Any) -> Job:
        """Submit a training with the options of `train` and return its job; `jobs.wait` follows it."""
        return await self._submit(
            "/model/train", {"model_type": model_type, "target_column": column(target), **options}
        )

    async def compare(
        self,
        target: str | None = None,
        *,
        on_progress: ReportProgress | None = None,
        test_size: float | None = None,
        validation: Validation | None = None,
        time_column: str | None = None,
        group_column: str | None = None,
        include: Sequence[str] | None = None,
        target_transform: TargetTransform | None = None,
        tune_hyperparameters: bool | None = None,
        tuning_seconds: float | None = None,
        time_limit: float | None = None,
        ensemble: bool | None = None,
        max_bytes: int | None = None,
        max_latency_us: float | None = None,
        file_id: str | None = None,
        training: Place | None = None,
        parallel: bool | None = None,
    ) -> Comparison:
        """Compare the nine default regressors as a job, follow it, and return the leaderboard; all are stored.

        `ensemble=True` with a `time_limit` in seconds searches the portfolio instead, and stores the best. With
        `parallel=True` several workers carry out the trials. Where the
        waiting is broken off, as by Ctrl-C, the job goes on, and the exception has its `job_id`.
        """
        job = await self.submit_compare(
            target,
            test_size=test_size,
            validation=validation,
            time_column=time_column,
            group_column=group_column,
            include=include,
            target_transform=target_transform,
            tune_hyperparameters=tune_hyperparameters,
            tuning_seconds=tuning_seconds,
            time_limit=time_limit,
            ensemble=ensemble,
            max_bytes=max_bytes,
            max_latency_us=max_latency_us,
            file_id=file_id,
            training=training,
            parallel=parallel,
        )
        return Comparison.of(await self._result(job, on_progress))

    async def submit_compare(self, target: str | None = None, **options: Any) -> Job:
        """Submit a comparison with the options of `compare` and return its job; `jobs.follow` shows the leaderboard."""
        return await self._submit("/model/compare", {"target_column": column(target), **options})

    async def list(self, name: str | None = None, limit: int | None = None) -> ModelList:
        """Return the first `limit` versions, or all, of every model or of one; `serves` says which one predicts.

        They are in the order of names and numbers.
        """
        models, _ = await self._connection.items("/model/trained", "models", limit, PAGE, model_name=name)
        return [Model.of(model) for model in models]

    async def damaged(self) -> Names:
        """Return the names of the models of which nobody can read which version serves; `promote` chooses one."""
        names, _ = await self._connection.items("/model/trained", "damaged", None, PAGE)
        return [str(name) for name in names]

    async def get(self, name: Named | None = None, version: int | None = None) -> Model:
        """Return a model with its whole manifest in `raw`; without a name the one that was trained last."""
        params = chosen(name, version)
        return Model.of(await self._connection.json("GET", "/model/info", params=params))

    async def metrics(self, name: Named, version: int | None = None) -> Metrics:
        """Return how well a model predicts, with the points of its plots in `raw`."""
        return Metrics.of(await self._of("/model/metrics", name, version))

    async def importance(self, name: Named, version: int | None = None) -> Importances:
        """Return how much R2 falls when a feature is shuffled: `feature`, `mean` and `std`, the largest first."""
        rows: Importances = (await self._of("/model/importance", name, version))["importance"]
        return rows

    async def effects(self, name: Named, version: int | None = None) -> Effects:
        """Return how predictions change with each column: partial dependence in `mean`, and `curves` of single rows."""
        found: Effects = await self._of("/model/effects", name, version)
        return found

    async def schema(self, name: Named, version: int | None = None) -> ModelSchema:
        """Return the columns that a model takes, with an example of a request."""
        return ModelSchema.of(await self._of("/model/schema", name, version))

    async def report(self, name: Named, version: int | None = None, *, language: str | None = None) -> str:
        """Return a model as one page of HTML with plots, which loads nothing from elsewhere.

        `language` is a tag of BCP 47, such as `zh`; without it the page is in English.
        """
        choice = chosen(name, version)
        path = f"/model/report/{segment(choice['model_name'])}"
        params = {"version": choice.get("version"), "language": language}
        response = await self._connection.send("GET", path, params=params)
        return response.text

    async def download(
        self,
        name: Named,
        path: str | os.PathLike[str],
        *,
        format: Literal["onnx", "pickle"] = "onnx",
        version: int | None = None,
    ) -> Path:
        """Write a model to a file: its graph, or the fitted scikit-learn pipeline, which the same libraries load."""
        choice, target = chosen(name, version), Path(path)
        params = {"format": format, "version": choice.get("version")}
        await self._connection.download(
            "GET", f"/model/artifact/{segment(choice['model_name'])}", target, params=params
        )
        return target

    async def promote(self, name: Named, version: int | None = None) -> int | None:
        """Let a version serve; return the number of the one that served before."""
        choice = chosen(name, version)
        body = {"version": choice.get("version")}
        answer = await self._connection.json("POST", f"/model/champion/{segment(choice['model_name'])}", json=body)
        before: int | None = answer["before"]
        return before

    async def rename(self, name: Named, new_name: str) -> Versions:
        """Rename a model and return the numbers of its versions; raises `NameTaken`."""
        path = f"/model/rename/{segment(chosen(name, None)['model_name'])}"
        versions: Versions = (await self._connection.json("POST", path, json={"new_name": new_name}))["versions"]
        return versions

    async def delete(self, name: Named, version: int | None = None) -> Versions:
        """Delete a version, or without one the whole model, and return the numbers of what was deleted."""
        choice = chosen(name, version)
        path, params = f"/model/trained/{segment(choice['model_name'])}", {"version": choice.get("version")}
        deleted: Versions = (await self._connection.json("DELETE", path, params=params))["deleted"]
        return deleted

    async def _submit(self, path: str, body: Mapping[str, Any]) -> Job:
        fields = {name: [*value] if name == "include" and value else value for name, value in body.items()}
        response = await self._connection.send("POST", path, keyed=True, json=given(fields), headers=ASYNCHRONOUS)
        return Job.of(self._connection.read(response))

    async def _result(self, job: Job, on_progress: ReportProgress | None) -> Mapping[str, Any]:
        """Follow a job and return its result."""
        over = succeeded(job) if job.is_over else await self._jobs.wait(job.job_id, on_progress=on_progress)
        return over.result or {}

    async def _of(self, path: str, name: Named, version: int | None) -> Any:
        choice = chosen(name, version)
        params = {"version": choice.get("version")}
        return await self._connection.json("GET", f"{path}/{segment(choice['model_name'])}", params=params)
