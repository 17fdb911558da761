"""Deploys into the LocalStack whose init hook runs this, as `regatta deploy` does.

It runs on LocalStack's interpreter, so it imports nothing that LocalStack does not install.
"""

import os
import sys

from infra.deploy.deployment import DeployError, check
from infra.deploy.emulated import deploy

# The first deployment waits for the image of the functions to be pulled.
TIMEOUT_SECONDS = 600


def main() -> None:
    """Deploy with the `DEPLOY_*` variables of the environment; exit with the reason where that fails."""
    parameters = {
        "RedisUrl": os.environ.get("DEPLOY_REDIS_URL", ""),
        "S3Endpoint": os.environ.get("DEPLOY_S3_ENDPOINT", ""),
        "SigningKeyFile": "",
        "LogLevel": os.environ.get("DEPLOY_LOG_LEVEL", "INFO"),
    }
    # In a container LocalStack listens on all addresses. The printed URL is for readers outside, who reach it by
    # their localhost.
    endpoint_url = f"http://{os.environ['GATEWAY_LISTEN'].replace('0.0.0.0', 'localhost')}"  # noqa: S104
    try:
        deployment = deploy(endpoint_url, os.environ.get("DEPLOY_BUCKET", "regatta"), parameters, TIMEOUT_SECONDS)
        check(deployment.api_url)
    except DeployError as error:
        sys.exit(str(error))
    print(f"Regatta answers at {deployment.api_url}", flush=True)  # noqa: T201 - into LocalStack's log


if __name__ == "__main__":
    main()
