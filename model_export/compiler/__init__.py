"""ONNX graphs become plans: one file that the engine checks, then runs without allocating."""
