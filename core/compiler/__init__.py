"""From a fitted scikit-learn pipeline to one ONNX graph. Heavy: needs onnx, scikit-learn and pandas."""
