"""How Regatta runs: the command line, the embedded stack, and deploying the template anywhere."""
