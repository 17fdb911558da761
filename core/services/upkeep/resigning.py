"""The migration of models that versions before 0.3 signed: each is read once, verified, and signed anew."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import BadSignatureError, InvalidSettingError, NoSuchModelError
from core.storage.signing import may_sign_anew
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Resigned:
    """How many models of a workspace were signed anew, and which were not, because their signature is wrong."""

    signed: int
    refused: list[str]


def sign_models_anew(workspace: Workspace, report: Callable[[int], None] = lambda _: None) -> Resigned:
    """Sign every model anew that a version before 0.3 signed; `report` gets how many were looked at.

    Raises `InvalidSettingError` where there are such models, and this process lacks their key or one to sign with.
    """
    former = workspace.models.signed_before()
    if former and not may_sign_anew():
        raise InvalidSettingError(
            f"{len(former)} of the models were signed by a version before 0.3, and this process lacks the key that "
            "signed them. Set REGATTA_SIGNING_KEY_FILE to its file, or add its line `hmac` to the file of today."
        )
    signed, refused = 0, []
    for done, version in enumerate(former, 1):
        try:
            workspace.models.sign_anew(version)
            signed += 1
        except BadSignatureError:
            refused.append(f"{version.name} {version.number}")
        except NoSuchModelError:
            pass  # it was deleted meanwhile
        report(done)
    return Resigned(signed, refused)
