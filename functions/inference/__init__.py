"""The function that speaks the Open Inference Protocol."""
