"""One call of a method as a graph: a first pass finds the states, a second pass makes them inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_export.errors import ExportError
from model_export.graph import Array, Builder, Graph, State
from model_export.symbolic.interpreter import Interpreter
from model_export.symbolic.remembered import Memory, StatePlan
from model_export.symbolic.tensor import Tensor
from model_export.torchscript import OWN_CLASS, Module, ScriptFile, TensorRef

_BROKEN = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError)
_DEEP = (RecursionError, MemoryError)


def trace(
    script: ScriptFile,
    module: Module,
    method: str,
    shape: Sequence[int],
    input_name: str,
    output_name: str,
    latent_noise: float = 1.0,
) -> Graph:
    """Executes `module.method(x)` for an x of the given shape, symbolically.

    Args:
        script: the opened archive.
        module: where to start.
        method: "decode" or "encode".
        shape: static shape of the one input.
        input_name, output_name: their names in the graph.
        latent_noise: factor on normal draws at the input's rate; 0 removes them.

    Raises:
        ExportError: an operator, branch or write that cannot be followed, with module path and line.
    """
    own = script.root.class_name == OWN_CLASS
    plan = _states(_Pass(script, module, method, shape, StatePlan({}), latent_noise), own)
    second = _Pass(script, module, method, shape, plan, latent_noise)
    states = []
    for storage in second.memory.changed():
        if storage.origin in plan.rows and storage.initial is not None:
            states.append(State(storage.initial, storage.value, _start(script, storage.origin)))
    return Graph({input_name: second.given}, {output_name: second.result}, states, second.memory.draws)


def _start(script: ScriptFile, origin: str) -> Array | None:
    """Where a state begins: a file of our own writer says it.

    Upstream's files hold leftovers of their exporter's tests instead: those states begin at zero.
    """
    found = script.root.attributes.get(f"i{origin.removeprefix('s')}")
    if script.root.class_name != OWN_CLASS or not isinstance(found, TensorRef):
        return None
    return np.asarray(script.load(found), np.float32)


class _Pass:
    def __init__(
        self,
        script: ScriptFile,
        module: Module,
        method: str,
        shape: Sequence[int],
        plan: StatePlan,
        noise: float,
    ) -> None:
        build = Builder()
        self.memory = Memory(script, build, plan, shape[-1], noise)
        self.given = build.input(shape)
        machine = Interpreter(script, build, self.memory)
        try:
            result = machine.call_method(module, method, [Tensor.of(self.given)])
        except _BROKEN as error:
            raise machine.error("code that follows torch's rules", f"other code ({error})") from error
        except _DEEP as error:
            raise machine.error("code of a decoder's size", type(error).__name__) from error
        if not isinstance(result, Tensor):
            got = f"{type(result).__name__} from `{method}`"
            raise ExportError("a tensor", got, "export a RAVE model")
        self.result = result.read(build)


def _states(first: _Pass, own: bool) -> StatePlan:
    """The module tensors that a call changes; one set to a constant is the same from the first call on.

    In a file of our own writer that is a clock, which goes on by itself: a state like the others.
    """
    changed = [s for s in first.memory.changed() if own or s.value.constant is None]
    return StatePlan({s.origin: s.rows_touched for s in changed})
