"""Storage: the bucket holds the truth, Redis an index and a cache, the process the hottest objects."""
