"""Bytes of any kind for the readers that meet strangers: a reader answers, or refuses with an error of ours."""
