"""How the world calls Regatta: one folder per Lambda function, each a small FastAPI app and its handler."""

from functions.fast_start import start_fast

start_fast()
