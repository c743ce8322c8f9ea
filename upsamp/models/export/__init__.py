"""Models written for other libraries: ONNX, and programs that compute the same numbers."""
