"""The clients and other programs that read the OpenAPI document, with the toolchains that they need."""
