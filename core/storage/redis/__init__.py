"""Redis: an index and a cache that may vanish at any moment."""
