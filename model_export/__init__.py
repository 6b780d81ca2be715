"""RAVE models become streaming ONNX graphs, cards and plans; nothing here needs PyTorch."""
