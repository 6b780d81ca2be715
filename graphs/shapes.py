"""The shapes of a graph's values, as ONNX infers them, also where the graph is a stranger's.

Sizes that a graph computes for itself (Shape, Gather, Concat, …) are followed by ONNX's data propagation. It
lays out every number of a vector, of 2^31 numbers too where one node says so, and takes minutes and all
memory. Hardly a graph needs it: it is asked where a shape is missing else, in a process with limits.
"""

from __future__ import annotations

import subprocess
import sys

import onnx

from graphs.child import MEMORY, SECONDS, limit_this_process, module_command
from graphs.errors import GraphError


def inferred(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the shapes of its values, as far as they can be known.

    Raises:
        GraphError: ONNX refuses it, or needs too much for it.
    """
    try:
        plain = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except Exception as error:  # ONNX's own family
        raise _refused(str(error)) from None
    return plain if _whole(plain) else _apart(model)


def _whole(model: onnx.ModelProto) -> bool:
    graph = model.graph
    known = {
        value.name
        for value in (*graph.input, *graph.output, *graph.value_info)
        if value.type.tensor_type.HasField("shape")
        and all(size.HasField("dim_value") for size in value.type.tensor_type.shape.dim)
    }
    return all(name in known for node in graph.node for name in node.output if name)


def _apart(model: onnx.ModelProto) -> onnx.ModelProto:
    data = model.SerializeToString()
    command = module_command("graphs.shapes")
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=10 * SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise _refused(f"no shapes within {10 * SECONDS} s") from None
    if done.returncode == 0:
        return onnx.load_model_from_string(done.stdout)
    said = done.stderr.decode("utf-8", "replace")
    raise _refused(said or f"one that needs more than {SECONDS} s or {MEMORY >> 30} GB for its shapes")


def _refused(said: str) -> GraphError:
    lines = said.strip().splitlines() or ["one that is refused"]
    return GraphError("a valid ONNX model", lines[-1][:160], "export it again")


def main() -> None:
    """The child: a model comes on stdin, and goes with its shapes on stdout."""
    data = sys.stdin.buffer.read()
    limit_this_process(len(data))
    model = onnx.load_model_from_string(data)
    made = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    sys.stdout.buffer.write(made.SerializeToString())


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        sys.exit(1)
    except Exception as error:  # told in one line to whoever asked
        print(str(error) or type(error).__name__, file=sys.stderr)
        sys.exit(1)
