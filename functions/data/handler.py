"""Lambda entry point."""

from functions.data.app import app
from functions.http import lambda_handler

handler = lambda_handler(app)
