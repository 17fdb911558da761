"""The function that hears of what arrives below incoming/ and orders the job that deals with it."""
