"""Every setting of Regatta, read once from the environment (`REGATTA_*`) and checked before anything starts.

It loads nothing but the standard library, because the command line and every cold start begin with it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import InvalidSettingError
from core.machine_limits import available_cores
from core.setting_forms import (
    ANY,
    AUTH,
    BASE_PATH,
    BUCKET,
    BYTES,
    CLAIM,
    HOSTS,
    NETWORKS,
    ORIGIN,
    PATH,
    PORT,
    PUBLIC_KEYS,
    REDIS_ADDRESS,
    SAFE_WEB_ADDRESS,
    SECRET,
    STATE_MACHINE,
    SWITCH,
    TOPIC,
    WEB_ADDRESS,
    Form,
    Secret,
    one_of,
    seconds,
    whole_number,
)

MIB = 1 << 20
PREFIX = "REGATTA_"


def setting(form: Form, default: Any, description: str) -> Any:
    """Return the dataclass field of a setting."""
    return field(default=default, metadata={"form": form, "description": description})


@dataclass(frozen=True)
class Settings:
    """The typed settings; each field `name` is the variable `REGATTA_NAME`."""

    # Storage.
    s3_endpoint: str | None = setting(WEB_ADDRESS, None, "S3 endpoint; unset means AWS itself")
    bucket: str = setting(BUCKET, "regatta", "bucket that holds everything")
    redis_url: str | None = setting(REDIS_ADDRESS, None, "Redis or Valkey; unset means no index and no shared cache")
    signing_key_file: Path | None = setting(PATH, None, "file with the key that signs models")
    signing_key_secret: str | None = setting(ANY, None, "Secrets Manager ARN of that key (on AWS)")
    signing_key: Secret | None = setting(SECRET, None, "the key itself, where neither of the two fits")
    verifying_keys: str | None = setting(PUBLIC_KEYS, None, "public keys that verify models, separated by commas")
    internal_key: Secret | None = setting(
        SECRET, None, "secret that the processes of a deployment share; unset: derived from the signing key"
    )

    # Limits, each with its reason in the README's table.
    max_upload_bytes: int = setting(BYTES, 256 * MIB, "largest file taken in one request")
    max_file_bytes: int = setting(BYTES, 2 << 30, "largest file at all, unpacked")
    max_batch_rows: int = setting(whole_number(1, unit="rows"), 200_000, "most rows predicted in one request")
    max_body_bytes: int = setting(BYTES, 64 * MIB, "largest JSON or CSV taken to predict")
    max_response_bytes: int = setting(BYTES, 100 * MIB, "largest file sent in a response body")
    model_max_bytes: int = setting(BYTES, 64 * MIB, "byte budget of one compiled model")
    cache_model_bytes: int = setting(BYTES, 512 * MIB, "process memory for compiled models")
    cache_table_bytes: int = setting(BYTES, 256 * MIB, "process memory for tables")
    cache_redis_entry_bytes: int = setting(whole_number(0, unit="bytes"), 16 * MIB, "largest entry kept in Redis")
    cache_ttl_seconds: int = setting(whole_number(1, unit="seconds"), 1800, "how long an idle cache entry lives")
    training_threads: int = setting(whole_number(0), 0, "threads of one training; 0 means one per core that it may use")
    training_memory_bytes: int = setting(
        whole_number(0, unit="bytes"), 0, "memory that one training may use; 0 means what the process may"
    )
    # Long work.
    jobs_queue_url: str | None = setting(
        WEB_ADDRESS, None, "SQS queue of jobs; unset means that the servers take them from the bucket"
    )
    run_jobs: bool = setting(SWITCH, True, "whether a server carries out jobs; false leaves them to others")
    batch_queue: str | None = setting(
        ANY, None, "job queue of AWS Batch, for trainings that are too much for a function; unset: none"
    )
    batch_job_definition: str | None = setting(
        ANY, None, "job definition of AWS Batch that carries out one of our jobs"
    )
    batch_seconds: int = setting(whole_number(60, unit="seconds"), 21_600, "how long an attempt may take in Batch")
    batch_memory_bytes: int = setting(BYTES, 120 << 30, "most memory that a container of Batch may ask for")
    batch_above_bytes: int = setting(
        whole_number(0, unit="bytes"),
        0,
        "a training that is expected to take more memory goes to Batch; 0 means more than one may use here",
    )
    state_machine: str | None = setting(
        STATE_MACHINE, None, "Step Functions state machine that carries out tasks; unset: the workers of the queue do"
    )
    answer_seconds: float = setting(seconds(0), 0, "what is expected to take longer becomes a job; 0 means nothing")
    job_seconds: int = setting(whole_number(1, unit="seconds"), 3600, "how long one attempt at a job may take")
    job_lease_seconds: float = setting(seconds(2), 60, "how soon the job of a killed worker is free again")
    chunk_rows: int = setting(
        whole_number(0, unit="rows"),
        1 << 18,
        "a stored file of more rows is predicted in chunks of so many, which workers share; 0 means never",
    )
    # How long an answer may take. The gateway waits 29 s, of which it needs some itself.
    request_seconds: float = setting(seconds(1), 28, "how long an answer may take, unless it is one of the next two")
    predict_seconds: float = setting(seconds(0.1), 5, "how long the prediction of one row may take")
    status_seconds: float = setting(seconds(0.1), 2, "how long the checks of status and readiness may take")
    stale_seconds: float = setting(
        seconds(0), 86_400, "how long a champion predicts after storage last said that it serves"
    )
    reconcile_seconds: float = setting(
        seconds(0), 30, "how often a server looks for lost events and silent jobs; 0 means never"
    )
    cors_origin: str | None = setting(ORIGIN, None, "origin whose pages may call from a browser; unset: none")
    allowed_hosts: str | None = setting(
        HOSTS, None, "hosts by which a server on a loopback address is called, beside localhost and 127.0.0.1"
    )
    # What is between the callers and the service.
    base_path: str | None = setting(
        BASE_PATH, None, "path in front of the service at the callers' address; unset: as the gateway or a proxy says"
    )
    trusted_proxies: str | None = setting(
        NETWORKS, None, "addresses and networks of proxies whose X-Forwarded-Prefix is believed; unset: none"
    )
    docs: bool = setting(SWITCH, True, "whether /docs, /openapi.json and /openapi-3.0.json answer")
    # Who may call: docs/access.md.
    auth: str = setting(AUTH, "none", "how callers say who they are: API keys, OIDC tokens, or not at all")
    auth_stale_seconds: float = setting(
        seconds(0), 900, "how long known keys and tokens are taken while nobody can be asked about them"
    )
    rates_dir: Path | None = setting(PATH, None, "folder in which the processes of a server count requests of keys")
    oidc_issuer: str | None = setting(SAFE_WEB_ADDRESS, None, "issuer of the tokens, as their `iss` says")
    oidc_audience: str | None = setting(ANY, None, "audience that the tokens have to name in `aud`")
    oidc_jwks_url: str | None = setting(
        SAFE_WEB_ADDRESS, None, "where the issuer's public keys are; unset: as its discovery document says"
    )
    oidc_workspace_claim: str = setting(CLAIM, "workspace", "claim of a token that names the workspace")
    oidc_roles_claim: str = setting(CLAIM, "roles", "claim of a token with the roles")
    # Notifications of decisions about a series.
    webhook_url: str | None = setting(WEB_ADDRESS, None, "where each decision is posted")
    sns_topic_arn: str | None = setting(TOPIC, None, "SNS topic to which each decision is published")
    # Retention, for the janitor.
    keep_versions: int = setting(whole_number(0), 0, "versions of each model that are kept; 0 means all")
    keep_jobs_days: int = setting(
        whole_number(0, unit="days"), 30, "how long jobs are kept that are over; 0 means for ever"
    )
    log_level: str = setting(one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "level of the log")
    log_file: Path | None = setting(PATH, None, "file that the log is written to in place of standard error")
    metrics: bool = setting(SWITCH, True, "whether metrics are kept: for /metrics of a server, in the log on Lambda")
    metrics_dir: Path | None = setting(PATH, None, "folder in which the processes of a server add up their metrics")

    # The machine it runs on (infra/ only).
    home: Path = setting(PATH, Path(".regatta"), "data, logs and pid files of the embedded stack")
    port: int = setting(PORT, 8000, "HTTP port of the apps")
    aws_port: int = setting(PORT, 4566, "port of the emulated AWS")
    workers: int = setting(whole_number(1, 64), 2, "processes that answer requests")

    @property
    def threads(self) -> int:
        """Return how many threads one training may keep busy: as set, else one per core."""
        return self.training_threads or available_cores()


# By field what it is for.
DESCRIPTIONS: dict[str, str] = {one.name: one.metadata["description"] for one in fields(Settings)}


def load(**overrides: Any) -> Settings:
    """Read and check the settings; an empty variable is an unset one. `overrides` are taken as they are.

    Raises `InvalidSettingError` that says of every wrong variable what it has to be.
    """
    found, wrong = {}, []
    for one in fields(Settings):
        variable = PREFIX + one.name.upper()
        text = os.environ.get(variable, "")
        form: Form = one.metadata["form"]
        if text and one.name not in overrides:
            try:
                found[one.name] = form.read(text)
            except ValueError:
                wrong.append(f"{variable} is not usable: it has to be {form.words}.")
    if wrong:
        raise InvalidSettingError("\n".join(wrong))
    return Settings(**found, **overrides)


def unknown_variables(environment: Mapping[str, str], known: tuple[str, ...] = ()) -> dict[str, str | None]:
    """Return by variable `REGATTA_*` that is no setting and none of `known` the name that it resembles, if any."""
    names = [*(PREFIX + name.upper() for name in DESCRIPTIONS), *known]
    unknown = sorted(name for name in environment if name.upper().startswith(PREFIX) and name not in names)
    return {name: next(iter(get_close_matches(name.upper(), names, n=1, cutoff=0.8)), None) for name in unknown}


@cache
def settings() -> Settings:
    """Return the process's settings, read on first use. Tests that change the environment clear the cache."""
    return load()
