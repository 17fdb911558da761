"""The contract: what each operation answers, assembled with the functions' requests into one OpenAPI document.

No function imports this package, so that a cold start builds none of it.
"""
