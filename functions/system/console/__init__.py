"""The console: one page and what it loads. It is a client of the same API as any other."""
