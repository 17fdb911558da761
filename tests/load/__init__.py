"""A server under many clients: nothing is refused, nothing leaks. Seconds are for `bench/load.py`."""
