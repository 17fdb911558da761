"""What runs Regatta: the command line and its client, the embedded stack, the servers, the deployment."""
