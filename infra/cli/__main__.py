"""`python -m infra.cli`: the command line of this interpreter."""

from infra.cli import app

app(prog_name="regatta")
