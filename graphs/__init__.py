"""Stateful ONNX graphs: how one is built, its time and its knobs, its card, and the player that runs it."""
