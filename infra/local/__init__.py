"""Regatta on one machine, without Docker and without AWS."""
