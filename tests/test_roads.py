"""The same functions on every road: the whole workflow gives the same answers through each of them."""

import hashlib

import httpx
import pytest

from functions.system import documentation
from functions.system.console import routes as console
from infra.local.server import FUNCTIONS
from tests.support.gateway import EnvironmentTransport, HandlerTransport, template_routes
from tests.support.process_state import process_environment
from tests.support.routes import routes_of
from tests.support.stack import Stack
from tests.support.workflow import gbk_csv, run_workflow

ROADS = ("handlers", "environments", "server", "gateway")


@pytest.fixture(scope="module")
def jobs(stack: Stack) -> dict[str, dict[str, object]]:
    """The answers of the whole workflow on each road."""
    with process_environment(stack.env):
        clients = {
            "handlers": httpx.Client(transport=HandlerTransport(), base_url="http://handlers"),
            # As on Lambda: a process a function, code that cannot be written, 512 MB of TMPDIR, no semaphores.
            "environments": httpx.Client(transport=EnvironmentTransport(stack.env), base_url="http://environments"),
            "server": httpx.Client(base_url=stack.base_url, timeout=300),
            "gateway": httpx.Client(base_url=stack.api_url, timeout=300),
        }
        answers = {}
        for road in ROADS:
            with clients[road] as client:
                answers[road] = run_workflow(client, road)
        return answers


@pytest.mark.parametrize("road", ROADS)
def test_a_gbk_upload_keeps_its_bytes(jobs: dict[str, dict[str, object]], road: str) -> None:
    uploaded = jobs[road]["upload"]
    assert uploaded["sha256"] == hashlib.sha256(gbk_csv()).hexdigest()
    assert uploaded["encoding"] == "gbk"
    assert list(uploaded["column_types"]) == ["城市", "面积", "房龄", "价格"]


@pytest.mark.parametrize("road", ROADS[1:])
def test_every_road_gives_the_answers_of_the_handlers(jobs: dict[str, dict[str, object]], road: str) -> None:
    for step, expected in jobs["handlers"].items():
        assert jobs[road][step] == expected, step


def test_a_model_brought_along_predicts_as_the_stored_one(jobs: dict[str, dict[str, object]]) -> None:
    for road in ROADS:
        forest = jobs[road]["random_forest"]
        assert forest["brought"]["prediction"] == forest["predict"]["prediction"] == forest["batch"]["predictions"][0]


def test_gaps_and_unseen_levels_are_said(jobs: dict[str, dict[str, object]]) -> None:
    warnings = " ".join(jobs["handlers"]["ridge"]["batch"]["warnings"])
    assert "房龄" in warnings
    assert "成都" in warnings


def test_the_exports_hold_the_predictions_of_the_batch(jobs: dict[str, dict[str, object]]) -> None:
    exported = jobs["handlers"]["exports"]
    header, *rows = exported["excel"]
    assert header == ("城市", "面积", "房龄", "价格", "prediction")
    assert [row[-1] for row in rows] == jobs["handlers"]["ridge"]["stored"]["predictions"]
    assert exported["csv"].decode("utf-8-sig").splitlines()[0] == "城市,面积,房龄,价格,prediction"


def test_the_template_routes_what_the_functions_serve() -> None:
    served = {
        (method, path, f"functions.{name}.handler.handler") for name in FUNCTIONS for method, path in routes_of(name)
    }
    # A page is no operation, and no browser asks before it reads one.
    pages = {
        ("GET", route.path.replace(":path}", "+}"), "functions.system.handler.handler")
        for route in (*documentation.router.routes, *console.router.routes)
    }
    routes = set(template_routes())
    assert pages <= routes, "correct the Api events in template.yaml"
    heads = {("GET", path, handler) for method, path, handler in routes if method == "HEAD"}
    assert heads == {route for route in routes if route[0] == "GET"}, "each path of GET has an event of HEAD as well"
    routes -= pages
    answered = {route for route in routes if route[0] not in ("HEAD", "OPTIONS")}
    assert answered == served, "correct the Api events in template.yaml"
    # What browsers ask first.
    asked_first = {path for method, path, _ in routes if method == "OPTIONS"}
    assert asked_first == {path for _, path, _ in served}, "each path has an event of OPTIONS as well"
