"""Who calls and what they may: callers, their roles, API keys and tokens. It knows no web framework."""
