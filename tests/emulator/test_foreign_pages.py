"""What pages in a browser can do to a running stack: those of another origin nothing, its own all that they need."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import httpx
import pytest

from infra.emulator_account import REGION
from tests.support.browser import REBOUND, TIMEOUT_MS, foreign_site, running_chromium
from tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CSV = "area,rooms,price\n" + "".join(f"{n},{n % 5},{900 * n + n % 7}\n" for n in range(30, 130))
# Each way in which a page sends a request, and what becomes of it: true where the page learns or shows anything.
ATTACK = """
async ({url, body, type, csv}) => {
  const within = (started) => Promise.race([started, new Promise((done) => setTimeout(() => done(false), 240000))]);
  const loads = (name, attributes) => new Promise((done) => {
    const element = Object.assign(document.createElement(name), attributes);
    element.onload = () => done(true);
    element.onerror = () => done(false);
    document.body.append(element);
  });
  const reads = async (options) => {
    try { await (await fetch(url, options)).text(); return true; } catch { return false; }
  };
  const sends = async (options) => { try { await fetch(url, {mode: 'no-cors', ...options}); } catch {} return false; };
  const submits = (method, enctype) => new Promise((done) => {
    const name = `frame${Math.random()}`;
    const frame = Object.assign(document.createElement('iframe'), {name});
    const form = Object.assign(document.createElement('form'), {action: url, method, enctype, target: name});
    const field = Object.assign(document.createElement('textarea'), {name: 'file'});
    field.value = csv;
    form.append(field);
    document.body.append(frame, form);
    frame.onload = () => { try { done(frame.contentDocument !== null); } catch { done(false); } };
    form.submit();
  });
  const connects = () => new Promise((done) => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    socket.onopen = () => done(true);
    socket.onerror = () => done(false);
  });
  const multipart = new FormData();
  multipart.append('file', new File([csv], 'evil.csv'));
  const ways = {
    get: () => reads({}),
    head: () => reads({method: 'HEAD'}),
    simple: () => reads({method: 'POST', body, headers: {'Content-Type': 'text/plain'}}),
    multipart: () => reads({method: 'POST', body: multipart}),
    bodyless: () => reads({method: 'POST'}),
    preflighted: () => reads({method: 'POST', body, headers: {'Content-Type': type}}),
    deletion: () => reads({method: 'DELETE'}),
    named: () => reads({headers: {'X-Amz-Target': 'AWSLambda.ListFunctions'}}),
    hidden: () => sends({}),
    hiddenPost: () => sends({method: 'POST', body: multipart}),
    beacon: async () => { navigator.sendBeacon(url, body); return false; },
    image: () => loads('img', {src: url}),
    script: () => loads('script', {src: url}),
    style: () => loads('link', {rel: 'stylesheet', href: url}),
    form: () => submits('post', 'multipart/form-data'),
    plainForm: () => submits('post', 'text/plain'),
    getForm: () => submits('get', 'application/x-www-form-urlencoded'),
    socket: connects,
  };
  const learned = {};
  for (const [name, way] of Object.entries(ways)) learned[name] = await within(way());
  return Object.keys(learned).filter((name) => learned[name]);
}
"""
# What a page of the service does: read, upload in one request, and send a file straight to the bucket.
WORK = """
async ({csv}) => {
  const status = (await fetch('/system/status')).status;
  const file = new FormData();
  file.append('file', new File([csv], 'own.csv'));
  const uploaded = (await fetch('/data/upload', {method: 'POST', body: file})).status;
  const asked = {filename: 'large.csv', size_bytes: csv.length};
  const headers = {'Content-Type': 'application/json'};
  const ticket = await (await fetch('/data/uploads', {method: 'POST', headers, body: JSON.stringify(asked)})).json();
  const form = new FormData();
  for (const [name, value] of Object.entries(ticket.fields)) form.append(name, value);
  form.append('file', new File([csv], 'large.csv'));
  const sent = (await fetch(ticket.url, {method: 'POST', body: form})).status;
  return {status, uploaded, sent};
}
"""
FUNCTION = '{"FunctionName": "evil", "Runtime": "python3.13", "Handler": "x.y", "Role": "arn:aws:iam::0:role/x"}'


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: "Browser") -> Iterator["Page"]:
    """A page in a profile of its own."""
    with chromium.new_context() as context:
        context.set_default_timeout(TIMEOUT_MS)
        yield context.new_page()


def doors(stack: Stack) -> list[tuple[str, str, str]]:
    """Return of all ports the addresses worth attacking, each with a body and its type."""
    train = '{"model_type": "ridge", "target_column": "price"}'
    return [
        (f"{stack.base_url}/", "", "application/json"),
        (f"{stack.base_url}/data/upload", CSV, "text/csv"),
        (f"{stack.base_url}/model/train", train, "application/json"),
        (f"{stack.base_url}/data/report", "", "application/json"),
        (f"{stack.base_url}/metrics", "", "application/json"),
        (f"{stack.api_url}/data/upload", CSV, "text/csv"),
        (f"{stack.aws_url}/", "Action=ListQueues", "application/x-www-form-urlencoded"),
        (f"{stack.aws_url}/{stack.env['REGATTA_BUCKET']}", CSV, "text/csv"),
        (f"{stack.aws_url}/2015-03-31/functions", FUNCTION, "application/json"),
        (f"{stack.aws_url}/_ministack/health", "", "application/json"),
        (f"{stack.aws_url}/_ministack/reset", "", "application/json"),
        (f"{stack.aws_url}/_ministack/config", "{}", "application/json"),
    ]


def what_is_there(stack: Stack) -> tuple[object, ...]:
    """Return what a page would change: files, jobs, functions and objects."""
    found = [httpx.get(f"{stack.base_url}{path}", timeout=300).json() for path in ("/data/files", "/jobs")]
    clients = {
        service: boto3.client(service, endpoint_url=stack.aws_url, region_name=REGION, **stack.credentials)
        for service in ("lambda", "s3")
    }
    functions = sorted(function["FunctionName"] for function in clients["lambda"].list_functions()["Functions"])
    uploads = clients["s3"].list_objects_v2(Bucket=stack.env["REGATTA_BUCKET"], Prefix="uploads/")["KeyCount"]
    for client in clients.values():
        client.close()
    return (*found, functions, uploads)


@pytest.mark.parametrize("host", ["127.0.0.1", REBOUND[0]])
def test_a_foreign_page_finds_every_door_shut(stack: Stack, page: "Page", host: str) -> None:
    before = what_is_there(stack)
    answers: list[tuple[str, int]] = []
    ports = {urlsplit(stack.base_url).port, urlsplit(stack.aws_url).port}
    with foreign_site() as port:
        page.goto(f"http://{host}:{port}/")
        page.on(
            "response",
            lambda answer: urlsplit(answer.url).port in ports and answers.append((answer.url, answer.status)),
        )
        for url, body, kind in doors(stack):
            learned = page.evaluate(ATTACK, {"url": url, "body": body, "type": kind, "csv": CSV})
            assert learned == [], url
    # Requests whose answer the page may not read are answered all the same, and the answer is a refusal.
    assert len(answers) > len(doors(stack))
    assert {status for _, status in answers} <= {403, 404, 405}, answers
    assert {urlsplit(url).path for url, status in answers if status == 404} <= {"/metrics"}
    assert what_is_there(stack) == before


@pytest.mark.parametrize("path", ["/data/report", "/data/files", "/model/trained"])
def test_a_link_on_a_foreign_page_leads_to_pages_alone(stack: Stack, page: "Page", path: str) -> None:
    with foreign_site() as port:
        for target, status in ((f"{stack.base_url}{path}", 403), (f"{stack.base_url}/docs", 200)):
            page.goto(f"http://{REBOUND[0]}:{port}/")
            with page.expect_navigation() as navigation:
                page.evaluate("(url) => { location.href = url; }", target)
            assert (navigation.value.url, navigation.value.status) == (target, status)


def test_a_name_that_means_this_machine_opens_nothing(stack: Stack, page: "Page") -> None:
    before = what_is_there(stack)
    for url, _, _ in doors(stack):
        disguised = re.sub(r"//127\.0\.0\.1:", f"//{REBOUND[1]}:", url)
        assert page.goto(disguised).status == 403, url
        # The page that the browser shows now is of the same origin as the service, as far as it knows.
        for method in ("GET", "POST", "DELETE"):
            sent = "async ([url, method]) => (await fetch(url, {method})).status"
            assert page.evaluate(sent, [disguised, method]) == 403, (method, url)
    assert what_is_there(stack) == before


def test_a_page_of_the_service_works(stack: Stack, page: "Page") -> None:
    assert page.goto(f"{stack.base_url}/docs").status == 200
    assert page.evaluate(WORK, {"csv": CSV}) == {"status": 200, "uploaded": 200, "sent": 204}


def test_the_documentation_at_the_emulated_gateway_works(stack: Stack, page: "Page") -> None:
    assert page.goto(f"{stack.api_url}/docs").status == 200
    assert page.evaluate("async (url) => (await fetch(url)).status", f"{stack.api_url}/healthz") == 200
