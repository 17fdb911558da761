"""What the emulator does faster than MiniStack comes to the same."""

import json
import re
from typing import Any

import pytest
from ministack.services.cloudformation import engine
from samtranslator.swagger import swagger

from infra.deploy.emulator_template import emulator_template
from infra.local.emulator import edit_in_place
from infra.paths import ROOT

# Of the document of the API, in the name and the description of a deployment.
DIGEST = re.compile(r"(?<=Deployment)[0-9a-f]{10}|[0-9a-f]{40}")


def transformed() -> dict[str, Any]:
    """Return the template of the stack as SAM transforms it, without the digests."""
    template = emulator_template((ROOT / "template.yaml").read_text(), "bucket", "key.zip")
    found: dict[str, Any] = json.loads(DIGEST.sub("", json.dumps(engine._apply_transforms(template))))
    return found


def test_the_template_is_transformed_as_sam_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = transformed()
    assert any(one["Type"] == "AWS::ApiGateway::Deployment" for one in expected["Resources"].values())
    monkeypatch.setattr(swagger, "_deepcopy", swagger._deepcopy)  # as it was, afterwards
    edit_in_place()
    assert transformed() == expected
