"""The Go client: its own tests, whole jobs against the embedded stack, and a client that a generator makes."""
