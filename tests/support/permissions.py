"""The roles of template.yaml as AWS reads them, and the requests that functions make in tests.

Emulators check no permission. Here each request of a function is noted with what IAM would ask for it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from fnmatch import translate
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock
from urllib.parse import unquote

from botocore.client import BaseClient

from core.storage import signing
from core.storage.s3.object_store import ObjectStore
from core.storage.s3.signed_get import SignedGet
from infra.privileges import SIGNERS
from infra.sam_template import parse_template

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
BUCKET_ARN = "arn:${AWS::Partition}:s3:::${BucketName}"
# What IAM asks for a request that S3 knows by another name.
S3_ACTIONS = {
    "HeadObject": "s3:GetObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "ListParts": "s3:ListMultipartUploadParts",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
}
_acting: ContextVar[str | None] = ContextVar("acting", default=None)


@dataclass(frozen=True, order=True)
class Asked:
    """What IAM is asked about one request: `key` is an object's key, a listing's prefix, or the name of a resource."""

    function: str
    action: str
    key: str

    @property
    def is_listing(self) -> bool:
        """Whether the key is the prefix of a listing of the bucket."""
        return self.action in ("s3:ListBucket", "s3:ListBucketMultipartUploads")


@cache
def policies() -> dict[str, list[dict[str, Any]]]:
    """Return the statements of each function's role, by the name of its folder; a conditional one counts as given."""
    found = {}
    for resource in parse_template(TEMPLATE.read_text())["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = resource["Properties"]
            name = properties["FunctionName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
            found[name] = list(_statements(properties.get("Policies", [])))
    return found


def _statements(policies: Any) -> Iterator[dict[str, Any]]:
    """Yield the statements below a policy, a list of policies, or a condition."""
    if isinstance(policies, list):
        for policy in policies:
            yield from _statements(policy)
    elif "Fn::If" in policies:
        yield from _statements(policies["Fn::If"][1])
    elif "Statement" in policies:
        yield from _statements(policies["Statement"])
    elif "Effect" in policies:
        yield policies


def is_allowed(function: str, action: str, key: str) -> bool:
    """Return whether the role of a function may do this, as IAM decides: a Deny wins, and nothing is given unasked."""
    asked = Asked(function, action, key)
    effects = {s["Effect"] for s in policies()[function] if _applies(s, asked)}
    return effects == {"Allow"}


def _applies(statement: dict[str, Any], asked: Asked) -> bool:
    named = "NotAction" if "NotAction" in statement else "Action"
    hit = any(_matches(pattern, asked.action) for pattern in _listed(statement[named]))
    if hit == (named == "NotAction"):
        return False
    resource = asked.key
    if asked.action.startswith("s3:"):
        resource = BUCKET_ARN if asked.is_listing else f"{BUCKET_ARN}/{asked.key}"
    if not any(_matches(_text(pattern), resource) for pattern in _listed(statement["Resource"])):
        return False
    conditions = statement.get("Condition", {})
    assert conditions.keys() <= {"StringLike"}, "teach this module the other operators"
    prefixes = conditions.get("StringLike", {}).get("s3:prefix")
    return prefixes is None or any(_matches(pattern, asked.key) for pattern in _listed(prefixes))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """Return a resource as text: an ARN as the template writes it, or the logical name of what it refers to."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::GetAtt":
        return str(argument[0] if isinstance(argument, list) else argument.partition(".")[0])
    assert function in ("Fn::Sub", "Ref")
    return str(argument)


def _matches(pattern: str, text: str) -> bool:
    """Compare as IAM does: * stands for any characters, slashes too."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.replace("[", "[[]")), re.DOTALL)


@contextmanager
def acting_as(function: str) -> Iterator[None]:
    """Note the requests inside the block as those of a function."""
    token = _acting.set(function)
    try:
        yield
    finally:
        _acting.reset(token)


@contextmanager
def noted_requests() -> Iterator[set[Asked]]:
    """Note what functions ask of AWS during the block, in threads that they start too; presigned requests as well."""
    noted: set[Asked] = set()

    def note(service: str, operation: str, params: dict[str, Any]) -> None:
        function = _acting.get()
        if function is not None:
            noted.update(Asked(function, action, key) for action, key in _asked(service, operation, params))

    def noting(owner: type, method: str, operation: str) -> Any:
        """Return a patch by which a method that takes a key notes an operation of S3."""
        unnoted = getattr(owner, method)

        def noted_method(self: Any, key: str, *args: Any, **options: Any) -> Any:
            note("s3", operation, {"Key": key})
            return unnoted(self, key, *args, **options)

        return mock.patch.object(owner, method, noted_method)

    call = BaseClient._make_api_call

    def noting_call(client: Any, operation: str, params: dict[str, Any]) -> Any:
        note(client.meta.service_model.service_name, operation, params)
        return call(client, operation, params)

    kept_keyring = signing.kept_keyring

    def noting_keys() -> Any:
        """Give a function the keys that it has on AWS; note that a signer reads its own from Secrets Manager."""
        function, kept = _acting.get(), kept_keyring()
        if function is None or function in SIGNERS:
            note("secretsmanager", "GetSecretValue", {})
            return kept
        return [replace(kept[0], seed=None, hmac_key=None, webhooks=None, internal=None)]

    with (
        mock.patch.object(BaseClient, "_make_api_call", noting_call),
        mock.patch.object(signing, "kept_keyring", noting_keys),
        noting(SignedGet, "get", "GetObject"),
        # Whoever has a presigned URL acts with the role of its signer.
        noting(ObjectStore, "presign", "GetObject"),
        noting(ObjectStore, "presign_form", "PutObject"),
        noting(ObjectStore, "presign_part", "UploadPart"),
        mock.patch.object(Thread, "start", _start_in_context(Thread.start)),
    ):
        yield noted


def _start_in_context(start: Callable[[Thread], None]) -> Callable[[Thread], None]:
    """Return `Thread.start` for threads that know whose work they do."""

    def begin(thread: Thread) -> None:
        if _acting.get() is not None:
            context, run = copy_context(), thread.run
            thread.run = lambda: context.run(run)  # type: ignore[method-assign]
        start(thread)

    return begin


def _asked(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what IAM is asked about a request: actions, each with what it is about."""
    if service != "s3":
        # To send several messages at once is no action of its own.
        yield f"{service}:{operation.removesuffix('Batch') if service == 'sqs' else operation}", ""
        return
    action = S3_ACTIONS.get(operation, f"s3:{operation}")
    if operation == "DeleteObjects":
        for item in params["Delete"]["Objects"]:
            yield "s3:DeleteObject", item["Key"]
    elif operation in ("CopyObject", "UploadPartCopy"):
        source = params["CopySource"]
        yield "s3:GetObject", source["Key"] if isinstance(source, dict) else unquote(source).partition("/")[2]
        yield "s3:PutObject", params["Key"]
    elif operation in ("ListObjectsV2", "HeadBucket"):
        yield "s3:ListBucket", params.get("Prefix", "")
    elif operation == "ListMultipartUploads":
        yield action, params.get("Prefix", "")
    else:
        yield action, params["Key"]
        if action == "s3:GetObject":
            # S3 says that a key is missing only to who may list it: it takes the key as the prefix of a listing.
            yield "s3:ListBucket", params["Key"]
