"""Use cases on a series that need no table: arrivals, uploads, overruling, notifications. Light."""
