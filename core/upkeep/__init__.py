"""Keeping the bucket tidy: what nobody needs any more is found, told with its reason, and removed."""
