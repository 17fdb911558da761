"""LocalStack runs this as soon as it is ready: the deployment, in a process of its own on the same interpreter."""

import os
import subprocess
import sys

subprocess.run([sys.executable, "-m", "infra.localstack.hook"], cwd=os.environ["DEPLOY_FROM"], check=True)
