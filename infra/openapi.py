"""Print the OpenAPI document: `python -m infra.openapi > docs/openapi.json`."""

import json
import sys

from infra.local.server import openapi

if __name__ == "__main__":
    sys.stdout.write(json.dumps(openapi(), ensure_ascii=False, indent=1) + "\n")
