"""A deployment, the error of a failed one, the template's parameters, and the check that a deployment answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

if TYPE_CHECKING:
    from core.settings import Settings


class DeployError(Exception):
    """The deployment failed; the message says why, and what to do."""


@dataclass(frozen=True)
class Deployment:
    """A stack that is up: the base URL of its REST API, and its bucket."""

    api_url: str
    bucket: str


# What SAM needs to know of the template's parameter Auth: it resolves references to parameters, and no conditions.
AUTHORIZERS = {"keys": "Callers", "oidc": "Callers", "keys,oidc": "Callers", "iam": "AWS_IAM", "none-i-know": ""}


def with_authorizer(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with the Authorizer that belongs to Auth; raises `DeployError` for another Auth."""
    auth = parameters.get("Auth")
    if auth is None:
        return dict(parameters)
    if auth not in AUTHORIZERS:
        raise DeployError(f"Auth={auth} is none of {', '.join(AUTHORIZERS)}.")
    return {**parameters, "Authorizer": AUTHORIZERS[auth]}


def auth_parameter(auth: str) -> str:
    """Return the template's parameter Auth for a `REGATTA_AUTH` on this machine, where `none` is no accident."""
    kinds = ",".join(sorted(kind.strip() for kind in auth.split(",")))
    return "none-i-know" if kinds == "none" else kinds


def template_parameters(settings: "Settings", **endpoints: str) -> dict[str, str]:
    """Return the template's parameters: those that the settings have, and `endpoints` as they are given."""
    return {
        "LogLevel": settings.log_level,
        "Docs": str(settings.docs).lower(),
        "WebhookUrl": settings.webhook_url or "",
        "DecisionsTopicArn": settings.sns_topic_arn or "",
        "KeepVersions": str(settings.keep_versions),
        "KeepJobsDays": str(settings.keep_jobs_days),
        **endpoints,
    }


def check(api_url: str) -> None:
    """Send GET / to the deployed service; raises `DeployError` unless it succeeds."""
    try:
        with urlopen(f"{api_url}/", timeout=60) as response:  # noqa: S310 - what was just deployed
            response.read()
    except HTTPError as error:
        raise DeployError(
            f"The stack is there, but {api_url}/ answers {error.code}: {error.read(500).decode(errors='replace')}. "
            "The log of SystemFunction says more."
        ) from error
    except (URLError, OSError) as error:
        raise DeployError(f"The stack is there, but {api_url}/ does not answer: {error}") from error
