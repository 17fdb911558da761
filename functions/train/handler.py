"""Lambda entry point."""

from functions.aws_lambda import lambda_handler
from functions.train.app import app

handler = lambda_handler(app)
