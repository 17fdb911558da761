"""Benchmarks. Every figure compares Regatta with an alternative, in one run on one machine."""
