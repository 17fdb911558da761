"""How Regatta runs: the embedded stack, the servers, the deployment and the command line."""
