"""The client as coroutines, written by hand. `regatta._sync` is generated from it by `make client`."""
