"""The AWS account of emulators. The command line reads it without loading boto3."""

REGION = "us-east-1"
# Emulators accept any credentials; their documentation uses these.
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
ACCOUNT = "000000000000"
STACK_NAME = "regatta"
