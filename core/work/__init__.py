"""Long work: ordered, followed and cancelled as jobs, and done by whoever has the lease."""
