"""The client in TypeScript, and what other programs for TypeScript make of the OpenAPI document."""
