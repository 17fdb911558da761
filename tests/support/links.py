"""Links: those of an answer, and whether they lead anywhere."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx

HREF = re.compile(r'href="(/[^"]*)"')
# Links of GET / at which something else than GET answers.
POSTED = ("upload", "predict")


def links_of(answer: httpx.Response) -> set[str]:
    """The `Location` of an answer, the links in its JSON or its page, and the `instance` of a job's error."""
    found = {answer.headers["Location"]} if "Location" in answer.headers else set()
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith("text/html"):
        found |= {unescape(link) for link in HREF.findall(answer.text)}
    elif kind.startswith("application/json"):
        found |= set(_links_in(answer.json()))
    return found


def _links_in(body: Any) -> Iterator[str]:
    if isinstance(body, list):
        for each in body:
            yield from _links_in(each)
    elif isinstance(body, dict) and "openapi" not in body:  # the document says only what links are like
        if isinstance(body.get("links"), dict):
            yield from (path for name, path in body["links"].items() if name not in POSTED)
        if isinstance(body.get("instance"), str):
            yield body["instance"]
        for value in body.values():
            yield from _links_in(value)


class Follower:
    """A client at one address that follows every link of the service it is given, once.

    `url` is the address with what stands before every path, such as http://host/prod.
    """

    def __init__(self, client: httpx.Client, url: str) -> None:
        self.client = client
        self.url = httpx.URL(url)
        self.followed: set[str] = set()

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request to a path of the service; follow what its answer links to."""
        answer = self.client.request(method, f"{self.url}{path}", **options)
        if answer.status_code >= 400:
            assert answer.json()["instance"] == httpx.URL(f"{self.url}{path}").raw_path.decode().partition("?")[0]
        self.follow(answer)
        return answer

    def follow(self, answer: httpx.Response) -> None:
        """Follow the links of an answer, and of the answers to them; raises for one that leads nowhere."""
        for link in links_of(answer) - self.followed:
            self.followed.add(link)
            assert link.startswith("/"), link
            assert not link.startswith("//"), link
            target = self.client.get(self.url.join(link), headers={"Accept": "text/html, application/json"})
            assert target.status_code == 200, f"{link}: {target.status_code} {target.text[:300]}"
            self.follow(target)
