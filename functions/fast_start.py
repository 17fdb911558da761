"""Settings of the process that make a cold start faster: made once, before FastAPI is loaded, and never undone.

`functions/__init__.py` calls `start_fast`; nothing else changes how another package behaves. Measured as CPU time of
a fresh process that loads `functions.predict.handler` and answers one request (two cores, CPython 3.11, the fastest of
60 runs): 439 ms with all of it, 449 ms without the garbage collector's setting, 484 ms without deferred models, 450 ms
with pydantic.v1, and 552 ms without any of the three. The models that FastAPI itself asks to be built, those of an
OpenAPI document, took 18 ms more.
"""

import gc
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

OPENAPI_MODELS = "fastapi.openapi.models"


def start_fast() -> None:
    """Collect garbage less often, build pydantic models on first use and, on Lambda, keep pydantic.v1 out."""
    # A cold start is little but imports, and what they load stays: a collection every 700 objects finds nothing.
    gc.set_threshold(50_000, 20, 20)
    # Most of FastAPI's own models describe an OpenAPI document, which hardly any process is asked for. What a route of
    # ours takes is built at once: see `functions.http.RequestBody`.
    BaseModel.model_config["defer_build"] = True
    _build_one_model_at_a_time()
    # FastAPI imports all of pydantic.v1 to ask of each type whether it is one of its models: ours never are, and it
    # takes a failed import for a no. Only on Lambda: elsewhere a process may hold a library that does need pydantic.v1.
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        modules: dict[str, Any] = sys.modules
        modules.setdefault("pydantic.v1", None)


def _build_one_model_at_a_time() -> None:
    """Make threads that use a deferred model first wait for the one that builds it.

    Before 2.14 pydantic builds it in each of them, and one may read a document with the validator of the parent class:
    without the fields of its own (pydantic issue 13419). Newer versions have this lock themselves.
    """
    build: Callable[..., bool | None] = BaseModel.model_rebuild.__func__  # type: ignore[attr-defined]
    lock = threading.RLock()

    def model_rebuild(cls: type[BaseModel], /, *, _parent_namespace_depth: int = 2, **options: Any) -> bool | None:
        # FastAPI asks for the largest of its models while it is loaded; first use asks with options.
        if cls.__module__ == OPENAPI_MODELS and not options:
            return None
        # This function is one frame more between the caller, whose names annotations may use, and pydantic.
        depth = _parent_namespace_depth + 1 if _parent_namespace_depth > 0 else 0
        with lock:
            return build(cls, _parent_namespace_depth=depth, **options)

    BaseModel.model_rebuild = classmethod(model_rebuild)  # type: ignore[assignment, method-assign]
