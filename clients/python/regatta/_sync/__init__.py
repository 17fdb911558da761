# Generated from regatta/_async/__init__.py by `make client`. Change that file.
"""The client as plain calls, generated from `regatta._async`."""
