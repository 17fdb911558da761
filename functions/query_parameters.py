"""The routes of the HTTP functions: they refuse unknown query parameters, and say what a failed request has changed."""

import re
from collections.abc import Callable, Coroutine, Iterator
from difflib import get_close_matches
from functools import cached_property
from inspect import isclass
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from core.errors import MOST_ERRORS, InvalidInputError
from core.storage.changes import recording
from functions.access import GuardedRoute
from functions.request_bodies import is_json, parse_json

# Control characters, and halves of characters. No id and no name has one, and neither has the key of an object.
UNNAMEABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(GuardedRoute):
    """A route that refuses unknown query parameters, as `functions.http.RequestBody` does unknown fields.

    Where storage fails, the error says whether the request has changed anything.
    """

    @cached_property
    def query_names(self) -> list[str]:
        """Return the names of the parameters, with those that `openapi_extra` declares for a body read by hand."""
        declared = (self.openapi_extra or {}).get("parameters", ())
        by_hand = [parameter["name"] for parameter in declared if parameter["in"] == "query"]
        return [*dict.fromkeys([*_query_names(self.dependant), *by_hand])]

    def make_handler(self) -> Handler:
        """Return what answers once the query was checked: FastAPI's handler."""
        return super().get_route_handler()

    def get_route_handler(self) -> Handler:
        """Return the route's handler, preceded by the check of the query."""
        handle = self.make_handler()

        async def handle_checked(request: Request) -> Response:
            if UNNAMEABLE.search(request.scope["path"]):
                raise InvalidInputError(f"The path has a character that no name has: {_shown(request.scope['path'])}.")
            if request.scope["query_string"]:
                self._check(request)
                _check_texts(request)
            if self.body_field is not None and is_json(request.headers.get("content-type", "")):
                body = await request.body()
                if body:
                    # What `Request.json()` would keep. Python's own parser takes half of a character, and any depth.
                    vars(request)["_json"] = parse_json(body)
            with recording():
                return await handle(request)

        return handle_checked

    def _check(self, request: Request) -> None:
        """Raise `InvalidInputError` that names the unknown parameters, and known ones that are like them."""
        unknown = [name for name in dict.fromkeys(request.query_params) if name not in self.query_names]
        if not unknown:
            return
        known = ", ".join(self.query_names) or "none"
        errors = []
        for name in (name[:100] for name in unknown[:MOST_ERRORS]):
            similar = get_close_matches(name, self.query_names, 1)
            hint = f"; did you mean {similar[0]!r}?" if similar else ""
            errors.append({"field": name, "message": f"no such query parameter{hint}"})
        shown = ", ".join(error["field"] for error in errors)
        raise InvalidInputError(f"Leave these query parameters out: {shown}. The known ones are: {known}.", errors)


class DirectRoute(StrictRoute):
    """A route whose endpoint takes the request alone and returns a response: FastAPI has nothing to find out for it.

    That is a fifth of the time of a prediction of one row.
    """

    def make_handler(self) -> Handler:
        """Return the endpoint itself."""
        endpoint: Handler = self.endpoint
        return endpoint


def _check_texts(request: Request) -> None:
    """Raise `InvalidInputError` for a text that no name has; a delimiter may be a control character."""
    for name, value in request.query_params.multi_items():
        if name != "delimiter" and UNNAMEABLE.search(value):
            errors = [{"field": name, "message": f"has a character that no name has: {_shown(value)}"}]
            raise InvalidInputError(f"Correct {name} and send again.", errors)


def _shown(text: str) -> str:
    return ascii(text[:100])


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isclass(annotation) and issubclass(annotation, BaseModel):
            yield from (known.alias or name for name, known in annotation.model_fields.items())
        else:
            yield field.alias
    for other in dependant.dependencies:
        yield from _query_names(other)
