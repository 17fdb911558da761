"""Lambda entry point."""

from functions.http import lambda_handler
from functions.models.app import app

handler = lambda_handler(app)
