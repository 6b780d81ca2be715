"""A stranger's graph is tried in a process of its own before ONNX Runtime plays it in ours.

ONNX Runtime takes what a graph asks for, so a file of 400 bytes can take all memory, or compute for ever. Our
own engine needs no such trial: its compiler counts before it takes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

from graphs.child import MEMORY, SECONDS, limit_this_process, module_command
from graphs.errors import GraphError
from graphs.player import GraphPlayer


def tried(model: onnx.ModelProto, seconds: int = SECONDS) -> onnx.ModelProto:
    """The same model, when one call of it ends within the limits. About a second.

    Raises:
        GraphError: it is refused by ONNX Runtime, takes too long or too much memory, or ends the process.
    """
    do = "take another file, or have its maker export it again"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stranger.onnx"
        path.write_bytes(model.SerializeToString())
        command = [*module_command("graphs.tried"), str(path), str(seconds)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=10 * seconds, check=False)
        except subprocess.TimeoutExpired:
            raise GraphError(f"a graph that answers within {seconds} s", "one that does not", do) from None
    if done.returncode == 0:
        return model
    said = done.stderr.strip().splitlines()
    wanted = f"a graph that needs less than {seconds} s and {MEMORY >> 30} GB for a call"
    raise GraphError(wanted, said[-1] if said else f"one that ended with {done.returncode}", do)


def main(path: Path, seconds: int) -> None:
    """The child: limits itself, then calls the graph once with zeros."""
    limit_this_process(path.stat().st_size, seconds)
    player = GraphPlayer(path)
    free = {
        name: shape
        for name, shape in player.inputs.items()
        if not name.startswith(("state.", "knob.", "noise."))
    }
    if any(not isinstance(size, int) for shape in free.values() for size in shape):
        raise GraphError("inputs of fixed shapes", str(free), "export it with fixed shapes")
    player.run({name: np.zeros(shape) for name, shape in free.items()})


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]))
    except Exception as error:  # told in one line to whoever asked
        print(str(error).splitlines()[0] if str(error) else type(error).__name__, file=sys.stderr)
        sys.exit(1)
