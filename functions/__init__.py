"""The entry points: one folder for each Lambda function, with a small FastAPI app or an event handler."""

from functions.fast_start import start_fast

start_fast()
