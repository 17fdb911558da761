"""A Go client by OpenAPI Generator: generated from the document of this checkout, as a stranger would."""

import json
import re
from pathlib import Path

from functions.contract.openapi_3_0 import render_3_0
from infra.local.server import openapi
from tests.clients.toolchain import Toolchain

# Lines of its log that are no complaint about the document.
KNOWN = (
    # It says this of every list of texts in a form, such as `missing` of an upload, and generates what it should.
    "Could not compute datatypeWithEnum from string, null",
    # It takes no relative address, such as "/", for one of the document's own host. A client sets its address anyway.
    "'host' (OAS 2.0) or 'servers' (OAS 3.0) not defined in the spec",
)


def generate_client(toolchain: Toolchain, folder: Path) -> Path:
    """Generate a client from the document in 3.0.3 and return its module.

    Raises:
        AssertionError: the generator fails or warns of anything but `KNOWN`.
    """
    document, module = folder / "openapi.json", folder / "client"
    document.write_text(json.dumps(render_3_0(openapi())), encoding="utf-8")
    java = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"}
    log = toolchain.run(
        "openapi-generator-cli",
        *("generate", "--generator-name", "go", "--input-spec", document, "--output", module),
        *("--global-property", "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"),
        *("--additional-properties", "packageName=generated"),
        directory=folder,
        variables=java,
    )
    complaints = [line for line in log.splitlines() if re.search(r"\b(WARN|ERROR)\b", line)]
    assert not [line for line in complaints if not any(known in line for known in KNOWN)], "\n".join(complaints)
    # The only thing that every user of the generator changes: the path that the module has.
    path = module / "go.mod"
    path.write_text(re.sub(r"^module .*$", "module generated", path.read_text(), flags=re.MULTILINE))
    return module
