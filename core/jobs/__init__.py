"""Long work: jobs are submitted, leased by a worker, retried and cancelled."""
