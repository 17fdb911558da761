"""Every setting of Regatta, read once from the environment (`REGATTA_*`) and checked before anything starts."""

import os
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import InvalidSettingError

MIB = 1 << 20


class Settings(BaseSettings):
    """The typed settings; each field `name` is the variable `REGATTA_NAME`."""

    model_config = SettingsConfigDict(env_prefix="REGATTA_", env_ignore_empty=True, frozen=True)

    # Storage.
    s3_endpoint: str | None = Field(None, pattern="^https?://", description="S3 endpoint; unset means AWS itself")
    bucket: str = Field("regatta", min_length=3, max_length=63, description="bucket that holds everything")
    redis_url: str | None = Field(
        None, pattern="^(rediss?|unix)://", description="Redis or Valkey; unset means no index and no shared cache"
    )
    signing_key_file: Path | None = Field(None, description="file with the key that signs models")
    signing_key_secret: str | None = Field(None, description="Secrets Manager ARN of that key (on AWS)")
    signing_key: SecretStr | None = Field(None, description="the key itself, where neither of the two fits")

    # Limits, each with its reason in the README's table.
    max_upload_bytes: int = Field(256 * MIB, gt=0, description="largest file taken in one request")
    max_file_bytes: int = Field(2 << 30, gt=0, description="largest file at all, unpacked")
    max_batch_rows: int = Field(200_000, gt=0, description="most rows predicted in one request")
    max_body_bytes: int = Field(64 * MIB, gt=0, description="largest JSON or CSV taken to predict")
    max_response_bytes: int = Field(100 * MIB, gt=0, description="largest file sent in a response body")
    model_max_bytes: int = Field(64 * MIB, gt=0, description="byte budget of one compiled model")
    cache_model_bytes: int = Field(512 * MIB, gt=0, description="process memory for compiled models")
    cache_table_bytes: int = Field(256 * MIB, gt=0, description="process memory for tables")
    cache_redis_entry_bytes: int = Field(16 * MIB, ge=0, description="largest entry kept in Redis")
    cache_ttl_seconds: int = Field(1800, gt=0, description="how long an idle cache entry lives")
    training_threads: int = Field(0, ge=0, description="threads of one training; 0 means one per core")
    # Long work.
    jobs_queue_url: str | None = Field(
        None, pattern="^https?://", description="SQS queue of jobs; unset means that the servers run them themselves"
    )
    answer_seconds: float = Field(0, ge=0, description="what is expected to take longer becomes a job; 0 means nothing")
    job_seconds: int = Field(3600, gt=0, description="how long one attempt at a job may take")
    job_lease_seconds: float = Field(60, ge=2, description="how soon the job of a killed worker is free again")
    cors_origin: str | None = Field(
        None,
        pattern="^(\\*|https?://[^/ '\"]+)$",
        description="origin whose pages may call from a browser; unset: none",
    )
    # Notifications of decisions about a series.
    webhook_url: str | None = Field(None, pattern="^https?://", description="where each decision is posted")
    sns_topic_arn: str | None = Field(None, pattern="^arn:", description="SNS topic that hears of each decision")
    # Retention, for the janitor.
    keep_versions: int = Field(0, ge=0, description="versions of each model that are kept; 0 means all")
    keep_jobs_days: int = Field(30, ge=0, description="how long jobs are kept that are over; 0 means for ever")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="level of the log")

    # The machine it runs on (infra/ only).
    home: Path = Field(Path(".regatta"), description="data, logs and pid files of the embedded stack")
    port: int = Field(8000, ge=1, le=65535, description="HTTP port of the apps")
    aws_port: int = Field(4566, ge=1, le=65535, description="port of the emulated AWS")
    redis_port: int = Field(6380, ge=1, le=65535, description="port of the embedded Redis")
    workers: int = Field(2, ge=1, le=64, description="uvicorn worker processes")

    @property
    def threads(self) -> int:
        """Return how many threads one training may keep busy: as set, else one per core."""
        return self.training_threads or os.cpu_count() or 1


def load(**overrides: Any) -> Settings:
    """Read and check the settings; raises `InvalidSettingError` that names the variable and what it may be."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        variable = "REGATTA_" + "_".join(str(item) for item in first["loc"]).upper()
        raise InvalidSettingError(f"{variable} is not usable: {first['msg']}.") from None


@cache
def settings() -> Settings:
    """Return the process's settings, read on first use. Tests that change the environment clear the cache."""
    return load()
