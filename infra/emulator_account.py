"""The AWS account of emulators. The command line reads it without loading boto3."""

REGION = "us-east-1"
# LocalStack accepts any credentials, and its documentation uses these. The embedded stack has its own for each home:
# `infra.local.credentials`.
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
ACCOUNT = "000000000000"
STACK_NAME = "regatta"
