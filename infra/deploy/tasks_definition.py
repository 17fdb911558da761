"""The definition of the state machine of tasks as JSON, for checks and for MiniStack.

On AWS CloudFormation puts the values into infra/aws/tasks.asl.json, which is JSON only with them.
"""

import json
from typing import Any

from infra.paths import ROOT

DEFINITION = ROOT / "infra" / "aws" / "tasks.asl.json"
# Values for a check that runs nothing.
SAMPLE = {"Partition": "aws", "Function": "arn:aws:lambda:us-east-1:123456789012:function:tasks", "MaxConcurrency": "2"}


def tasks_definition(values: dict[str, str]) -> dict[str, Any]:
    """Return the definition with these values; raises `ValueError` where it is no JSON with them."""
    text = DEFINITION.read_text()
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    definition: dict[str, Any] = json.loads(text)
    return definition
