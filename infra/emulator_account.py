"""The account every emulator accepts, kept apart so that the command line need not load boto3 to know it."""

REGION = "us-east-1"
# Emulators take any credentials; these are the ones their documentation uses.
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
ACCOUNT = "000000000000"
STACK_NAME = "regatta"
