"""Lambda entry point."""

from functions.http import lambda_handler
from functions.inference.app import app

handler = lambda_handler(app)
