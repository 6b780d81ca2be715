"""Trains the voices that are ours: small causal variational decoders, in PyTorch alone, exported to ONNX."""
