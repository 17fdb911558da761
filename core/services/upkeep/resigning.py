"""The migration of models that versions before 0.3 signed: each is read once, verified, and signed anew."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import BadSignatureError, InvalidSettingError, NoSuchModelError
from core.storage.signing import NO_KEY, may_sign_anew
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Resigned:
    """How many models of a workspace were signed anew, and which were not, because their signature is wrong."""

    signed: int
    refused: list[str]


def sign_models_anew(workspace: Workspace, report: Callable[[int], None] = lambda _: None) -> Resigned:
    """Sign every model anew that a version before 0.3 signed; `report` is told how many were looked at.

    Raises `InvalidSettingError` where this process has no key of that version, or none to sign with.
    """
    if not may_sign_anew():
        raise InvalidSettingError(f"{NO_KEY} It needs the key of the version that signed them: one line of its file.")
    signed, refused = 0, []
    for done, version in enumerate(workspace.models.signed_before(), 1):
        try:
            workspace.models.sign_anew(version)
            signed += 1
        except BadSignatureError:
            refused.append(f"{version.name} {version.number}")
        except NoSuchModelError:
            pass  # it was deleted meanwhile
        report(done)
    return Resigned(signed, refused)
