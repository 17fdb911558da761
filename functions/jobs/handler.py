"""Lambda entry point."""

from functions.http import lambda_handler
from functions.jobs.app import app

handler = lambda_handler(app)
