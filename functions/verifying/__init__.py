"""A custom resource of the stack: the public half of the signing key, for functions that only verify models."""
