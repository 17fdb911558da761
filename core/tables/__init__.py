"""CSV in: decoding, dialect, types, the profile, and the packed columns that light functions read."""
