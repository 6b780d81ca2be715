"""The one player of stateful graphs in ONNX Runtime: the oracle of the tests, the host's second engine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from graphs.card import KEY, LEAD, Card
from graphs.errors import GraphError

FloatArray = npt.NDArray[np.float32]
Inputs = Mapping[str, npt.ArrayLike]
NUMPY_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(bool)": np.bool_,
    "tensor(int64)": np.int64,
}


def ort_session(model: onnx.ModelProto | bytes | str | Path, lean: bool = False) -> ort.InferenceSession:
    """A one-thread session. Raises GraphError when ONNX Runtime refuses the model."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if lean:
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if lean and isinstance(model, onnx.ModelProto):
        with tempfile.TemporaryDirectory() as folder:  # read from a file, one copy of the weights less
            path = Path(folder) / "lean.onnx"
            path.write_bytes(model.SerializeToString())
            return _session(str(path), options)
    if isinstance(model, onnx.ModelProto):
        return _session(model.SerializeToString(), options)
    return _session(model if isinstance(model, bytes) else str(model), options)


def _session(source: bytes | str, options: ort.SessionOptions) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a family of its own, without a common base
        got = f"one that ONNX Runtime refuses ({str(error).splitlines()[0][:160]})"
        raise GraphError("an ONNX graph that runs", got, "export it again") from error


class GraphPlayer:
    """Plays a graph call by call and keeps its states in between.

    Args:
        model: a graph in Lodestone's conventions (`state.K` in, `next.K` out), as proto, bytes or path.
        seed: of the generator that draws the `noise.K` inputs that a call does not give.
        lean: runs the nodes exactly as written, slowly and in little memory.

    Attributes:
        card: what the graph says about itself, or None.
        inputs, outputs: name -> shape, states included.
        states: name -> what the last call left.

    Raises:
        GraphError: ONNX Runtime refuses the graph.

    Example:
        >>> from tests.support.graph_maker import GraphMaker
        >>> g = GraphMaker()
        >>> state, x = g.input("state.0", [1]), g.input("x", [1])
        >>> total = g.output(g.node("Add", state, x), "next.0", [1])
        >>> g.output(g.node("Add", state, x), "sum", [1])
        >>> player = GraphPlayer(g.model())
        >>> [player.run(x=[2.0])["sum"].tolist() for _ in range(3)]
        [[2.0], [4.0], [6.0]]
    """

    def __init__(
        self, model: onnx.ModelProto | bytes | str | Path, seed: int = 0, lean: bool = False
    ) -> None:
        self._session = ort_session(model, lean)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.card: Card | None = Card.from_json(metadata[KEY]) if KEY in metadata else None
        self.inputs = {i.name: tuple(i.shape) for i in self._session.get_inputs()}
        self._types = {i.name: NUMPY_TYPES.get(i.type, np.float32) for i in self._session.get_inputs()}
        self.outputs = {o.name: tuple(o.shape) for o in self._session.get_outputs()}
        self._state_names = [name for name in self.inputs if name.startswith("state.")]
        self._knobs = {name: knob.default for name, knob in self.card.knobs.items()} if self.card else {}
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """States to their initial values, the generator to its seed; knobs stay where they are."""
        initial = self.card.initial_state if self.card else {}
        self.states: dict[str, FloatArray] = {
            name: initial[name].reshape(self.inputs[name]).copy()
            if name in initial
            else np.zeros(self.inputs[name], np.float32)
            for name in self._state_names
        }
        self._random = np.random.default_rng(self._seed)

    def set_knob(self, name: str, value: float) -> None:
        """Turns the knob of this name for all later calls; the graph glides there."""
        if f"knob.{name}" not in self.inputs:
            there = [known.removeprefix("knob.") for known in self.inputs if known.startswith("knob.")]
            raise GraphError(f"a knob out of {', '.join(there) or 'none'}", name, "check the name")
        self._knobs[name] = value

    def state(self, label: str) -> FloatArray:
        """The memory with this label in the card of a touch graph."""
        labels = self.card.states if self.card else {}
        for name, text in labels.items():
            if text == label:
                return self.states[name]
        raise GraphError(f"a state out of {', '.join(labels.values()) or 'none'}", label, "check the label")

    def run(self, inputs: Inputs | None = None, /, **named: npt.ArrayLike) -> dict[str, FloatArray]:
        """One call.

        Args:
            inputs: name -> values, of as many numbers as the graph's input has.
            named: the same by keyword, for names without a dot.

        Returns:
            The outputs by name, without the states.

        Raises:
            GraphError: an input that the graph does not have, or of another size; one that is missing and
                is neither state nor noise nor knob.
        """
        feed: dict[str, npt.NDArray[np.generic]] = dict(self.states)
        for name, value in {**(inputs or {}), **named}.items():
            if name not in self.inputs:
                raise GraphError(f"inputs among {', '.join(self.inputs)}", name, "check the name")
            data, shape = np.asarray(value, self._types[name]), self.inputs[name]
            if data.size != int(np.prod(shape)):
                raise GraphError(f"{name} of {list(shape)}", f"{list(data.shape)}", "check the shape")
            feed[name] = np.ascontiguousarray(data).reshape(shape)
        for name, shape in self.inputs.items():
            if name not in feed:
                feed[name] = self._unasked(name, shape)
        results = dict(zip(self.outputs, self._session.run(list(self.outputs), feed), strict=True))
        self.states = {name: results.pop("next." + name[6:]) for name in self._state_names}
        return results

    def _unasked(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        """Noise that is drawn, where a knob stands, or that nobody leads."""
        if name.startswith("noise."):
            uniform = self.card is not None and self.card.noise.get(name, ("normal",))[0] == "uniform"
            drawn = self._random.random(shape) if uniform else self._random.standard_normal(shape)
            return drawn.astype(np.float32)
        knob = name.removeprefix("knob.")
        if name.startswith("knob.") and knob in self._knobs:
            return np.full(shape, self._knobs[knob], np.float32)
        if name.startswith(LEAD):
            return np.zeros(shape, np.float32)
        raise GraphError(f"a value for {name}", "none", "give every input that is not noise, state or knob")
