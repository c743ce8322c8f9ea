"""Models written for other libraries: ONNX."""
