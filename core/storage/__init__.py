"""Where things are kept: object storage holds the truth, Redis an index and a warm cache, memory the hot ones."""
