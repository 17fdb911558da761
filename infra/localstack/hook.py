"""What LocalStack's init hook does: what `regatta deploy` does, to the LocalStack that it runs in.

It runs on LocalStack's own interpreter, so it loads nothing that LocalStack does not bring along.
"""

import os
import sys

from infra.deploy import DeployError, check, deploy

# The first deployment waits for the image of the functions to be pulled.
TIMEOUT_SECONDS = 600


def main() -> None:
    """Deploy with the `DEPLOY_*` of the environment; exits with the reason where that fails."""
    parameters = {
        "RedisUrl": os.environ.get("DEPLOY_REDIS_URL", ""),
        "S3Endpoint": os.environ.get("DEPLOY_S3_ENDPOINT", ""),
        "SigningKeyFile": "",
        "LogLevel": os.environ.get("DEPLOY_LOG_LEVEL", "INFO"),
    }
    # In a container it listens everywhere; what is printed is for people outside, for whom that is their localhost.
    endpoint_url = f"http://{os.environ['GATEWAY_LISTEN'].replace('0.0.0.0', 'localhost')}"  # noqa: S104
    try:
        deployment = deploy(endpoint_url, os.environ.get("DEPLOY_BUCKET", "regatta"), parameters, TIMEOUT_SECONDS)
        check(deployment.api_url)
    except DeployError as error:
        sys.exit(str(error))
    print(f"Regatta answers at {deployment.api_url}", flush=True)  # noqa: T201 - into LocalStack's log


if __name__ == "__main__":
    main()
