"""What models say of rows: of a few in a request, of a stored table of any size, as numbers or as a file."""
