"""How the world calls Regatta: one folder per Lambda function, each a small FastAPI app and its handler."""
