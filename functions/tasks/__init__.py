"""The function that carries out the tasks of divided jobs."""
