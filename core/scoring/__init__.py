"""The compiled model: one ONNX graph from raw columns to the prediction, built from a fitted pipeline, run exactly."""
