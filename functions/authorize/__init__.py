"""The Lambda authorizer: who calls, asked by the gateway before every other function."""
