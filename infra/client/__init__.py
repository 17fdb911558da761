"""A client of a running service over HTTP: uploads, jobs and series. It shows nothing; the command line does."""
