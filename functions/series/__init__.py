"""The function that shows series of files, sets what is wanted of them, and lets files in."""
