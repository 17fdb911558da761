"""Every key that the code sends to Redis has a pattern, and every pattern has code that uses it."""

import ast
import time
from pathlib import Path
from threading import Thread

import httpx
import pytest
from redis import Redis

from core.access.allowances import Allowances
from core.access.caller import ANYBODY
from core.jobs import service as jobs
from core.jobs.worker import run_job
from core.services.handlers import HANDLERS
from core.services.upkeep.janitor import clean_up
from core.settings import settings
from core.storage.container import container
from core.storage.quota_repository import set_quota
from core.storage.redis import keys
from core.storage.redis.division_token import DivisionToken
from core.storage.redis.keys import KEY_PATTERNS, KeyPattern
from core.storage.redis.request_counts import RequestCounts
from tests.support import job_commands
from tests.support.redis_keys import patterns_of
from tests.support.storage import WORKSPACE, home
from tests.support.tables import CSVS

ROOT = Path(keys.__file__).resolve().parents[3]
# Commands that take no key.
KEYLESS = {"CLIENT", "ECHO", "HELLO", "INFO", "PING", "SCRIPT", "SELECT", "TIME"}


def test_every_key_that_real_work_sends_to_redis_matches_one_pattern(
    client: httpx.Client, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis.monitor() as monitor:  # type: ignore[no-untyped-call]
        _use_datasets_and_models(client)
        _cancel_a_running_job(monkeypatch)
        DivisionToken(container().redis).change()
        Allowances(None, shared=RequestCounts(container().redis)).take(ANYBODY, 100)
        list(clean_up(container(), now=time.time()))
        assert client.get("/system/status").status_code == 200
        redis.echo("the end")
        sent = set()
        while not (command := monitor.next_command()["command"]).startswith("ECHO"):
            words = command.split()
            if words[0].upper() not in KEYLESS:
                # Behind the text of a script comes the number of its keys, which is 1, and `MEMORY USAGE` is two words.
                is_later = words[0].upper() in {"EVAL", "MEMORY"}
                sent.add(next(word for word in words if word.startswith("regatta")) if is_later else words[1])
    found = {key: patterns_of(key) for key in sent}
    assert [key for key, patterns in found.items() if len(patterns) != 1] == [], "make these keys in redis/keys.py"
    unused = set(KEY_PATTERNS) - {pattern for patterns in found.values() for pattern in patterns}
    assert unused == set(), "no code makes these keys any more"
    _check_values(redis, {key: patterns[0] for key, patterns in found.items()})


def _use_datasets_and_models(client: httpx.Client) -> None:
    """Upload, train, predict, list, rename and delete, in a workspace whose share of Redis is limited."""
    set_quota(container().objects, WORKSPACE, redis_bytes=1 << 40)
    mpg = {"file": ("mpg.csv", CSVS["mpg"][0].read_bytes())}
    file_id = client.post("/data/upload", files=mpg, headers={"Idempotency-Key": "one"}).json()["file_id"]
    order = {"model_type": "ridge", "target_column": "mpg", "model_name": "car"}
    for _ in range(2):
        client.post("/model/train", json=order, headers={"Idempotency-Key": "two"}).raise_for_status()
    client.post("/predict/batch", json={"model_name": "car", "file_id": file_id}).raise_for_status()
    announced = {"filename": "a.csv", "size_bytes": 9}
    client.post("/data/uploads", json=announced, headers={"Idempotency-Key": "three"}).raise_for_status()
    client.put("/series/flats", json={"target_column": "mpg"}).raise_for_status()
    client.post("/model/rename/car", json={"new_name": "van"}).raise_for_status()
    for path in ("/data/info", "/data/files", "/model/trained", "/jobs", "/series", "/model/metrics/van"):
        client.get(path).raise_for_status()
    client.delete("/model/trained/van").raise_for_status()
    client.delete(f"/data/files/{file_id}").raise_for_status()


def _cancel_a_running_job(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = job_commands.install_commands(monkeypatch)
    job_id = jobs.submit_job(home(), job_commands.WaitingCommand()).job_id
    worker = Thread(target=run_job, args=(home(), job_id, HANDLERS), kwargs={"seconds": 60})
    worker.start()
    assert probe.started.wait(300)
    jobs.cancel_job(home(), job_id)
    worker.join()
    assert jobs.job_status(home(), job_id).status == "cancelled"


def _check_values(redis: Redis, patterns: dict[str, KeyPattern]) -> None:
    """Compare the values that are left in Redis with the type and the expiry of their patterns."""
    held = [key for key in patterns if redis.exists(key)]
    assert held
    for key in held:
        assert redis.type(key) == patterns[key].type.encode()
        longest = patterns[key].expires
        if isinstance(longest, str):
            longest = getattr(settings(), longest.removeprefix("REGATTA_").lower())
        left = redis.ttl(key)
        assert left == -1 if longest is None else 0 < left <= longest


@pytest.mark.parametrize("folder", ["core", "functions", "infra"])
def test_no_other_module_makes_a_key(folder: str) -> None:
    elsewhere = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != Path(keys.__file__)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("regatta:")
    ]
    assert elsewhere == [], "make these keys in redis/keys.py"


def test_keys_stay_as_they_were_because_two_versions_share_redis_during_a_deploy() -> None:
    made = {
        keys.cached_object_key("default/models/a {b}/1/manifest.json"),
        keys.cached_names_key("default"),
        keys.document_key("default/datasets/current.json"),
        keys.manifest_index_key("default", "datasets"),
        keys.job_progress_key("default", "0198c0ffee1"),
        keys.job_stop_key("default", "0198c0ffee1"),
        keys.division_token_key(),
        keys.idempotent_answer_key("default", "ab" * 32),
        keys.request_count_key("default", "0198c0ffee1.day.20000"),
        keys.cache_counts_key(),
    }
    assert made == {
        "regatta:objects:default/models/a {b}/1/manifest.json",
        "regatta:default:cached",
        "regatta:documents:default/datasets/current.json",
        "regatta:default:datasets",
        "regatta:default:job:0198c0ffee1",
        "regatta:default:job:0198c0ffee1:stop",
        "regatta:divided",
        f"regatta:default:idempotency:{'ab' * 32}",
        "regatta:default:requests:0198c0ffee1.day.20000",
        "regatta:cache",
    }
    assert {pattern for key in made for pattern in patterns_of(key)} == set(KEY_PATTERNS)
