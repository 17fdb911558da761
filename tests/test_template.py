"""template.yaml and the stacks beside it: what they promise an operator, read from the files that are deployed."""

import json
import re
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from core import __version__
from core.errors import RegattaError
from core.jobs.commands import COMMANDS
from core.settings import MIB, Settings
from core.storage.series_repository import State
from core.telemetry.embedded_metrics import NAMESPACE, embedded_name
from core.telemetry.facts import LEVELS
from core.telemetry.metrics import METRICS
from functions.jobs.app import MOST_WAIT
from infra import cost
from infra.privileges import BATCH
from infra.sam_template import parse_template

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = parse_template((ROOT / "template.yaml").read_text())
MONITORING = parse_template((ROOT / "infra/aws/monitoring.yaml").read_text())
ERRORS = (ROOT / "docs/errors.md").read_text()

Resource = dict[str, Any]


def of_type(kind: str, template: Resource = TEMPLATE) -> dict[str, Resource]:
    """The properties of every resource of this type, by name."""
    return {name: r.get("Properties", {}) for name, r in template["Resources"].items() if r["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
GATEWAY_RESPONSES = TEMPLATE["Resources"]["Api"]["Properties"]["GatewayResponses"]


def name_of(properties: Resource) -> str:
    """`predict` for the function that is called STACK-predict."""
    return str(properties["FunctionName"]["Fn::Sub"].removeprefix("${AWS::StackName}-"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_folder_a_name_and_two_alarms(function: str) -> None:
    properties = FUNCTIONS[function]
    name = name_of(properties)
    handler = properties.get("Handler") or properties["ImageConfig"]["Command"][0]
    assert handler == f"functions.{name}.handler.handler"
    watched = {
        alarm["MetricName"]
        for alarm in of_type("AWS::CloudWatch::Alarm", MONITORING).values()
        if alarm["Namespace"] == "AWS/Lambda" and alarm["Dimensions"][0]["Value"] == {"Fn::Sub": f"${{Name}}-{name}"}
    }
    assert {"Errors", "Throttles"} <= watched, "add its alarms to infra/aws/monitoring.yaml"


@pytest.mark.parametrize("function", [n for n, p in FUNCTIONS.items() if p.get("PackageType") != "Image"])
def test_a_zip_function_starts_from_a_snapshot_unless_its_tmp_is_too_large_for_one(function: str) -> None:
    properties = FUNCTIONS[function]
    assert properties["Runtime"] == "python3.13"
    snapped = properties.get("SnapStart") == {"ApplyOn": {"Fn::If": ["Snapshots", "PublishedVersions", "None"]}}
    # CloudFormation calls one function when the stack is created, for which no snapshot is to be paid.
    assert snapped == ("EphemeralStorage" not in properties and function != "VerifyingFunction")
    assert snapped == (properties.get("AutoPublishAlias") == "live")


def test_every_queue_has_a_dead_letter_queue_that_is_watched() -> None:
    queues = of_type("AWS::SQS::Queue")
    dead = {q["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for q in queues.values() if "RedrivePolicy" in q}
    assert {name for name, queue in queues.items() if "RedrivePolicy" not in queue} == dead
    watched = {
        alarm["Dimensions"][0]["Value"]["Ref"]
        for alarm in of_type("AWS::CloudWatch::Alarm", MONITORING).values()
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    }
    assert watched == dead
    assert watched <= set(TEMPLATE["Resources"]["Monitor"]["Properties"]["Parameters"])


def test_a_message_is_hidden_for_longer_than_its_function_may_run() -> None:
    queues, default = of_type("AWS::SQS::Queue"), TEMPLATE["Globals"]["Function"]["Timeout"]
    for properties in FUNCTIONS.values():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "SQS":
                queue = queues[event["Properties"]["Queue"]["Fn::GetAtt"][0]]
                assert queue["VisibilityTimeout"] > properties.get("Timeout", default)
                assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
                # Messages above the limit wait. A reservation would have them received, refused, and given up in time.
                assert event["Properties"]["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "WorkerConcurrency"}}
                assert "ReservedConcurrentExecutions" not in properties


def test_no_function_that_a_caller_waits_for_is_given_more_than_the_gateway_waits() -> None:
    default = TEMPLATE["Globals"]["Function"]["Timeout"]
    assert float(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["REGATTA_ANSWER_SECONDS"]) < default
    assert default > MOST_WAIT + 2, "as long as GET /jobs/{job_id}?wait= may take, with two looks at the job"
    for properties in FUNCTIONS.values():
        if any(event["Type"] == "Api" for event in properties.get("Events", {}).values()):
            assert properties.get("Timeout", default) <= 29


@pytest.mark.parametrize("kind", GATEWAY_RESPONSES)
def test_what_the_gateway_answers_by_itself_is_a_documented_problem(kind: str) -> None:
    response = GATEWAY_RESPONSES[kind]
    headers = response["ResponseParameters"]["Headers"]
    repeatable = response.get("StatusCode") in (429, 503)
    readable = ",Retry-After" if repeatable else ",WWW-Authenticate" if kind == "UNAUTHORIZED" else ""
    assert {name: value for name, value in headers.items() if name != "Access-Control-Allow-Origin"} == {
        "Content-Type": "'application/problem+json'",
        "Regatta-Version": f"'{__version__}'",
        "X-Request-Id": "context.requestId",
        "Access-Control-Expose-Headers": f"'Regatta-Version,X-Request-Id{readable}'",
        **({"Retry-After": "'1'"} if repeatable else {}),
        **({"WWW-Authenticate": "'Bearer realm=\"regatta\"'"} if kind == "UNAUTHORIZED" else {}),
    }
    # API Gateway puts its own texts in: this one with quotes, all others without.
    text = response["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '"refused"')
    problem = json.loads(text)
    assert {"type", "title", "detail", "instance"} <= set(problem)
    slug = problem["type"].removeprefix("urn:regatta:problem:")
    if "StatusCode" in response:
        assert problem["status"] == response["StatusCode"]
        assert f"| `{slug}` | {problem['status']} |" in ERRORS
    else:
        assert f"| `{slug}` |" in ERRORS
    ours = {error.slug: error.title for error in all_errors(RegattaError)}
    assert problem["title"] == ours.get(slug, problem["title"])


def all_errors(kind: type[RegattaError]) -> list[type[RegattaError]]:
    return [kind, *(error for child in kind.__subclasses__() for error in all_errors(child))]


def test_the_access_log_is_json_and_holds_nothing_that_a_caller_sent() -> None:
    (_, setting, _) = TEMPLATE["Resources"]["Api"]["Properties"]["AccessLogSetting"]["Fn::If"]
    line = json.loads(setting["Format"])
    assert {"request_id", "route", "status", "ms"} <= set(line)
    for value in line.values():
        assert not re.search(r"header|querystring|body|authorizer|identity|context\.path\b", value)


@pytest.mark.parametrize("parameter", TEMPLATE["Parameters"])
def test_every_parameter_is_documented(parameter: str) -> None:
    assert f"| `{parameter}` |" in (ROOT / "docs/aws.md").read_text()


def test_who_gives_trainings_to_batch_knows_where_and_what_is_too_much_for_a_worker() -> None:
    named = {name_of(properties): properties for properties in FUNCTIONS.values()}
    beyond = named["worker"]["MemorySize"] * MIB
    for name in BATCH:
        variables = named[name]["Environment"]["Variables"]
        assert {"REGATTA_BATCH_QUEUE", "REGATTA_BATCH_JOB_DEFINITION", "REGATTA_BATCH_SECONDS"} <= set(variables), name
        assert variables["REGATTA_BATCH_ABOVE_BYTES"]["Fn::If"][1] == beyond, name
    container = parse_template((ROOT / "infra/aws/batch.yaml").read_text())["Resources"]["Job"]["Properties"]
    set_there = {one["Name"]: one["Value"] for one in container["ContainerProperties"]["Environment"]}
    assert set_there["REGATTA_BATCH_ABOVE_BYTES"] == str(beyond)
    # Whoever submits the retraining of a file.
    assert {"retrain", "series", "reconcile", "worker"} <= set(BATCH)


def test_the_authorizer_takes_every_setting_of_tokens() -> None:
    variables = TEMPLATE["Resources"]["AuthorizeFunction"]["Properties"]["Environment"]["Variables"]
    asked = [field.name for field in fields(Settings) if field.name.startswith("oidc_")]
    assert set(variables) == {f"REGATTA_{name.upper()}" for name in asked}


def test_the_costs_are_those_of_the_prices_and_measurements() -> None:
    page = cost.PAGE.read_text()
    assert cost.fill_tables(page) == page, "run `python -m infra.cost`"


def test_a_seconds_price_depends_on_the_cores_that_memory_brings() -> None:
    assert cost.billed_seconds(100, 1769, 1) == 0.1
    assert cost.billed_seconds(100, 3538, 1) == 0.1
    assert cost.billed_seconds(100, 1769, 2) == 0.2
    assert cost.billed_seconds(0.3, 1769, 1) == 0.001


def test_every_metric_of_ours_that_an_alarm_or_the_dashboard_names_is_counted() -> None:
    body = MONITORING["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    drawn = set(re.findall(r'\["(?:Regatta|\.)", "([a-z_]+)", "(?:stack|\.)"', body))
    alarms = of_type("AWS::CloudWatch::Alarm", MONITORING).values()
    watched = {alarm["MetricName"] for alarm in alarms if alarm["Namespace"] == NAMESPACE}
    assert len(drawn) > 10
    assert len(watched) == 4
    assert drawn | watched <= embedded_metric_names()


def embedded_metric_names() -> set[str]:
    """Return every name that a metric can have in CloudWatch."""
    labels = {
        "status": ["200", "404", "503"],
        "level": LEVELS,
        "outcome": ["hit", "miss", "succeeded", "failed"],
        "dependency": ["storage", "redis", "queue"],
        "kind": list(COMMANDS),
        "state": get_args(State),
        "channel": ["webhook", "sns"],
    }
    return {
        embedded_name(metric, values)
        for metric in METRICS.values()
        for values in product(*(labels.get(label, ["any"]) for label in metric.labels))
    }


def test_the_bucket_is_private_encrypted_and_keeps_what_was_deleted_for_a_while() -> None:
    bucket = TEMPLATE["Resources"]["Bucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    chosen = encryption["ServerSideEncryptionByDefault"]
    assert chosen["SSEAlgorithm"] == {"Fn::If": ["HasKmsKey", "aws:kms", "AES256"]}
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    (kept,) = [rule for rule in rules if "Prefix" not in rule and "NoncurrentVersionExpiration" in rule]
    assert kept["NoncurrentVersionExpiration"] == {"NoncurrentDays": {"Ref": "KeepDeletedDays"}}


def test_the_bucket_takes_requests_over_tls_alone() -> None:
    (policy,) = of_type("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2  # the bucket, and all in it


def test_nothing_is_open_unless_somebody_says_so() -> None:
    assert "Default" not in TEMPLATE["Parameters"]["Auth"]
    assert TEMPLATE["Resources"]["Api"]["Properties"]["DisableExecuteApiEndpoint"] == {
        "Fn::If": ["HasDomain", True, False]
    }


def test_the_image_is_of_a_known_base_and_runs_as_nobody() -> None:
    lines = (ROOT / "infra/images/Dockerfile").read_text().splitlines()
    (base,) = [line for line in lines if line.startswith("ARG BASE=")]
    assert re.fullmatch(r"ARG BASE=\S+@sha256:[0-9a-f]{64}", base)
    assert "USER 65534:65534" in lines
