"""tract (github.com/sonos/tract) as a peer of the engine: Sonos' engine for small processors, in Rust.

It is called through its Python package, with all states given and taken in each call, as a host would. What
the package itself takes for that is measured beside it, on a graph that hands everything on, and taken off.
"""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

MISSING = "tract is not installed here, and is left out: pip install tract"


def installed() -> bool:
    """Whether tract can be measured."""
    return importlib.util.find_spec("tract") is not None


class BoundTract:
    """A graph in tract, whose states go round."""

    def __init__(self, model: onnx.ModelProto) -> None:
        import tract  # an optional peer

        outputs = [o.name for o in model.graph.output]
        with tempfile.TemporaryDirectory(prefix="lodestone-") as folder:
            path = Path(folder) / "voice.onnx"
            onnx.save(model, path)
            loaded = tract.onnx().load(path)
        typed = loaded.into_model()
        self.order = [typed.input_name(i) for i in range(typed.input_count())]
        self.state = typed.into_runnable().spawn_state()
        rng = np.random.default_rng(0)
        shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in model.graph.input}
        drawn = {
            name: np.zeros(shape) if name.startswith("state.") else rng.standard_normal(shape)
            for name, shape in shapes.items()
        }
        self.values = [tract.Tensor.from_numpy(drawn[name].astype(np.float32)) for name in self.order]
        self.back = [
            (self.order.index(name.replace("next.", "state.")), place)
            for place, name in enumerate(outputs)
            if name.startswith("next.")
        ]
        self.sound = outputs.index("audio")
        self.found: list[Any] = []

    def __call__(self) -> None:
        """One call of the graph."""
        self.found = self.state.run(self.values)
        for to, place in self.back:
            self.values[to] = self.found[place]

    def audio(self) -> npt.NDArray[np.float32]:
        """What the last call sounds."""
        return np.asarray(self.found[self.sound].to_numpy())


def handing_on(model: onnx.ModelProto) -> onnx.ModelProto:
    """As many inputs and outputs of the same shapes, and nothing between them."""
    shapes = {v.name: v for v in [*model.graph.input, *model.graph.output]}
    nodes = []
    for output in model.graph.output:
        state = output.name.replace("next.", "state.")
        if state != output.name:
            nodes.append(helper.make_node("Identity", [state], [output.name]))
            continue
        constant = helper.make_tensor("silence", 1, [], [0.0])
        dims = [d.dim_value for d in shapes[output.name].type.tensor_type.shape.dim]
        shape = helper.make_tensor("shape", 7, [len(dims)], dims)
        nodes += [
            helper.make_node("Constant", [], ["silence"], value=constant),
            helper.make_node("Constant", [], ["shape"], value=shape),
            helper.make_node("Expand", ["silence", "shape"], [output.name]),
        ]
    graph = helper.make_graph(nodes, "handing on", model.graph.input, model.graph.output)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
