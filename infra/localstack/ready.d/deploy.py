"""The init hook that LocalStack runs when it is ready. It deploys in a process of its own, on the same interpreter."""

import os
import subprocess
import sys

subprocess.run([sys.executable, "-m", "infra.localstack.hook"], cwd=os.environ["DEPLOY_FROM"], check=True)
