"""The lines of a job: its start and its end, with the id of the request that submitted it."""

import pytest

from core.errors import UnavailableError
from core.jobs.service import submit_job
from core.jobs.worker import GaveUpError, run_job
from core.telemetry import metrics
from core.telemetry.request_id import serving_request
from core.telemetry.shared_metrics import SharedMetrics
from tests.support.job_commands import FailingCommand, JobProbe, StepsCommand, failing, steps
from tests.support.log_lines import log_lines
from tests.support.storage import home

HANDLERS = {StepsCommand: steps, FailingCommand: failing}


def submitted(command: StepsCommand | FailingCommand) -> str:
    with serving_request("submitter"):
        return submit_job(home(), command).job_id


def test_a_job_has_a_line_at_its_start_and_one_at_its_end(probe: JobProbe, bucket: object) -> None:
    job_id = submitted(StepsCommand())
    with log_lines() as lines:
        run_job(home(), job_id, HANDLERS, seconds=60)
    (started,), (ended,) = lines.events("job_started"), lines.events("job")
    for line in (started, ended):
        assert (line["job"], line["kind"], line["attempt"]) == (job_id, "steps", 1)
        assert (line["request_id"], line["workspace"], line["level"]) == ("submitter", "default", "INFO")
    assert (ended["outcome"], ended["seconds"] >= 0) == ("succeeded", True)
    assert len(lines.texts) == 2


@pytest.mark.parametrize(
    ("error", "raised", "outcome", "level", "words"),
    [
        ("fault", ZeroDivisionError, "queued", "INFO", "ZeroDivisionError: secret"),
        ("outage", UnavailableError, "queued", "INFO", "UnavailableError: The object store did not answer."),
    ],
)
def test_an_attempt_that_broke_off_names_the_cause(
    probe: JobProbe, bucket: object, error: str, raised: type[Exception], outcome: str, level: str, words: str
) -> None:
    job_id = submitted(FailingCommand(errors=[error]))
    with log_lines() as lines, pytest.raises(raised):
        run_job(home(), job_id, HANDLERS, seconds=60)
    (line,) = lines.events("job")
    assert (line["outcome"], line["error"]) == (outcome, words)


def test_the_last_attempt_is_an_error(probe: JobProbe, bucket: object) -> None:
    job_id = submitted(FailingCommand(errors=["fault"] * 3))
    with log_lines() as lines:
        for expected in (ZeroDivisionError, ZeroDivisionError, GaveUpError):
            with pytest.raises(expected):
                run_job(home(), job_id, HANDLERS, seconds=60)
    ends = lines.events("job")
    assert [(line["attempt"], line["level"]) for line in ends] == [(1, "INFO"), (2, "INFO"), (3, "ERROR")]
    assert ends[2]["outcome"] == "failed"


def test_attempts_are_counted_with_their_seconds(probe: JobProbe, bucket: object) -> None:
    before, own = metrics.recorder(), SharedMetrics(None)
    metrics.record_with(own)
    try:
        run_job(home(), submitted(StepsCommand()), HANDLERS, seconds=60)
    finally:
        metrics.record_with(before)
    totals = own.totals()
    assert totals["jobs", "steps", "succeeded"] == 1
    assert totals["job_seconds", "steps", "sum"] >= 0
    assert ("job_wait_seconds", "steps", "sum") in totals
