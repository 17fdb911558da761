"""Lambda entry point: CloudFormation asks for the public keys when it creates the stack, or changes `VerifyingKeys`.

So no function that only verifies ever reads the key that signs, and a stack with a weak key is not created.
"""

import json
from typing import Any
from urllib.request import Request, urlopen

from core.errors import InvalidSettingError, RegattaError
from core.storage.signing import check_keys, verifying_keys
from core.telemetry.log import log_event
from functions.log import set_up_telemetry

# CloudFormation waits for an hour; its bucket answers at once.
ANSWER_SECONDS = 10
# The same each time: no resource is ever replaced by another one.
RESOURCE_ID = "public-keys"

set_up_telemetry()


def handler(event: dict[str, Any], context: Any) -> None:
    """Answer CloudFormation with the public keys, or with the reason why there are none."""
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        "PhysicalResourceId": RESOURCE_ID,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    if event["RequestType"] != "Delete":  # there is nothing to delete
        try:
            answer["Data"] = {"Keys": verifying_keys(check_keys())}
        except (InvalidSettingError, RegattaError) as error:
            answer |= {"Status": "FAILED", "Reason": str(error)}
    log_event("public_keys", request=event["RequestType"], outcome=answer["Status"], reason=answer.get("Reason"))
    # An address of S3 that is signed for this answer, and for no type of content.
    request = Request(event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT")  # noqa: S310
    with urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310
        pass
