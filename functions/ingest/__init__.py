"""The function that ingests large uploads when their bytes have been received."""
