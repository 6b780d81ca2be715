"""ONNX files of strangers: small graphs of ours with a node, a size, a tensor or the card changed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from firmware import Engine
from graphs.card import Card
from model_export.compiler import compile_plan
from model_export.torchscript_writer import torchscript
from tests.support.attacks import plans
from tests.support.synthetic import decoder

SIZES = (0, -1, 1, 2, 3, 7, 999, 2**20, 2**31 - 1, 2**31, 2**40, 2**62)
FOREIGN: tuple[object, ...] = (
    *(None, True, -1, 2**29 + 1, 2**31, 2**64, 10**400, 0.5, float("nan"), float("inf")),
    *("8", "", [], [8], {}, {"a": 1}, "x" * 100_000, "line\nline"),
)
OPERATORS = (
    *("Add", "Conv", "Gather", "Reshape", "MatMul", "Transpose", "Slice", "Concat", "Loop", "Range", "Tile"),
    *("Expand", "ConstantOfShape", "Identity", "CumSum", "Foreign", "Clip", "Pow", "Cast", "Softmax"),
)


def bases() -> list[onnx.ModelProto]:
    """What is mutated."""
    return [plans.loops(), plans.voice(), plans.voice(1, 1, 4), decoder(2)]


def mutated(model: onnx.ModelProto, dice: random.Random) -> bytes:
    """The model with one or two things changed, serialized."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for _ in range(dice.choice((1, 1, 1, 2))):
        dice.choice(_CHANGES)(changed, dice)
    data = changed.SerializeToString()
    if dice.randrange(12) == 0:
        at = dice.randrange(len(data))
        data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
    return data


def _node(model: onnx.ModelProto, dice: random.Random) -> onnx.NodeProto:
    return dice.choice(model.graph.node)


def _operator(model: onnx.ModelProto, dice: random.Random) -> None:
    _node(model, dice).op_type = dice.choice(OPERATORS)


def _wiring(model: onnx.ModelProto, dice: random.Random) -> None:
    node, other = _node(model, dice), _node(model, dice)
    names = [*other.input, *other.output, "", "nowhere", model.graph.input[0].name]
    if node.input:
        node.input[dice.randrange(len(node.input))] = dice.choice(names)


def _dropped(model: onnx.ModelProto, dice: random.Random) -> None:
    graph = model.graph
    rows = dice.choice([graph.node, graph.initializer, graph.input, graph.output])
    if len(rows):
        del rows[dice.randrange(len(rows))]


def _attribute(model: onnx.ModelProto, dice: random.Random) -> None:
    nodes = [node for node in model.graph.node if node.attribute]
    if not nodes:
        return
    attribute = dice.choice(dice.choice(nodes).attribute)
    if attribute.ints:
        attribute.ints[dice.randrange(len(attribute.ints))] = dice.choice(SIZES)
    else:
        attribute.i = dice.choice(SIZES)


def _shape(model: onnx.ModelProto, dice: random.Random) -> None:
    info = dice.choice([*model.graph.input, *model.graph.output])
    dims = info.type.tensor_type.shape.dim
    if dims:
        dims[dice.randrange(len(dims))].dim_value = dice.choice(SIZES)


def _weights(model: onnx.ModelProto, dice: random.Random) -> None:
    if not model.graph.initializer:
        return
    tensor = dice.choice(model.graph.initializer)
    kind = dice.randrange(4)
    if kind == 0 and tensor.dims:
        tensor.dims[dice.randrange(len(tensor.dims))] = dice.choice(SIZES)
    elif kind == 1:
        tensor.raw_data = tensor.raw_data[: dice.randrange(len(tensor.raw_data) + 1)]
    elif kind == 2:
        tensor.data_type = dice.choice((TensorProto.INT64, TensorProto.STRING, TensorProto.FLOAT16, 99))
    else:
        try:
            values = numpy_helper.to_array(tensor).copy()
        except (ValueError, TypeError, KeyError):
            return  # it has been changed before
        flat = values.reshape(-1)
        if flat.size and flat.dtype.kind in "if":
            flat[dice.randrange(flat.size)] = (
                dice.choice((0, -1, 7, 2**31)) if flat.dtype.kind == "i" else np.nan
            )
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _card(model: onnx.ModelProto, dice: random.Random) -> None:
    if not model.metadata_props:
        return
    entry = model.metadata_props[0]
    if dice.randrange(6) == 0:
        entry.value = dice.choice(
            ("[" * 100_000, "{" * 100_000, "7", "null", "{}", '"text"', '{"a"', "\ud7ff")
        )
        return
    try:
        card = json.loads(entry.value)
        where = card
        if dice.randrange(4) == 0:
            where = dice.choice([v for v in card.values() if isinstance(v, dict)] or [card])
        keys = [*where, "initial_state", "noise", "knobs", "frames", "hop", "kind", "name", "latents"]
        where[dice.choice(keys)] = dice.choice(FOREIGN)
        entry.value = json.dumps(card)
    except (ValueError, RecursionError, AttributeError, TypeError):
        entry.value = "{}"


def _grown(model: onnx.ModelProto, dice: random.Random) -> None:
    """A constant of a few bytes that claims to be huge, and somebody who reads it."""
    op = dice.choice(("ConstantOfShape", "Expand", "Tile", "Range"))
    sizes = numpy_helper.from_array(
        np.array([dice.choice((2**12, 2**20, 2**31, 2**40))] * 2, np.int64), "sizes"
    )
    one = numpy_helper.from_array(np.float32([[1.0]]), "one")
    model.graph.initializer.extend([sizes, one])
    inputs = {"ConstantOfShape": ["sizes"], "Range": ["sizes", "sizes", "one"]}.get(op, ["one", "sizes"])
    model.graph.node.insert(0, helper.make_node(op, inputs, ["grown"]))
    node = _node(model, dice)
    if node.input:
        node.input[0] = "grown"


def _constant(model: onnx.ModelProto, dice: random.Random) -> None:
    """A weight as a Constant node, now and then one that names a file, has no value, or a text."""
    if not model.graph.initializer:
        return
    tensor = onnx.TensorProto()
    tensor.CopyFrom(dice.choice(model.graph.initializer))
    kind = dice.randrange(5)
    node = helper.make_node("Constant", [], [tensor.name])
    if kind == 0:
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=dice.choice(("/dev/zero", "stranger.onnx", "..")))
    elif kind == 1:
        tensor.raw_data = tensor.raw_data[: dice.randrange(len(tensor.raw_data) + 1)]
    elif kind == 2:
        node.attribute.add(name="value_string", type=onnx.AttributeProto.STRING, s=b"\xff")
    if kind < 2 or kind == 4:
        node.attribute.add(name="value", type=onnx.AttributeProto.TENSOR, t=tensor)
    kept = [each for each in model.graph.initializer if each.name != tensor.name]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    model.graph.node.insert(0, node)


_CHANGES: tuple[Callable[[onnx.ModelProto, random.Random], None], ...] = (
    _operator, _wiring, _dropped, _attribute, _shape, _weights, _card, _card, _grown, _constant,
)  # fmt: skip


def cases(seed: int) -> Iterator[bytes]:
    """Mutated files without end."""
    dice, models = random.Random(seed), bases()
    while True:
        yield mutated(dice.choice(models), dice)


def survive(path: Path) -> None:
    """What `lodestone compile`, the engine and `lodestone ts` do with a file. Raises LodestoneError alone."""
    engine = Engine(compile_plan(path))
    engine.run({n: np.zeros(s, np.float32) for n, s in engine.inputs.items()})
    if Card.from_json(engine.card).kind == "voice":
        torchscript(onnx.load(path))
