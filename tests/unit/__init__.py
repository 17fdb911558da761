"""core and functions on their own: no server, no Redis, S3 by moto."""
