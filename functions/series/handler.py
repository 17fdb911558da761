"""Lambda entry point."""

from functions.http import lambda_handler
from functions.series.app import app

handler = lambda_handler(app)
