"""The function that shows and configures series, and overrules decisions about their files."""
