"""What an operator sees of a process: the ids of requests, log lines, metrics and traces."""
