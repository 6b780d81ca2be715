"""Recognises element-wise formulas that the engine computes in one pass."""

from __future__ import annotations

import numpy as np

from model_export.compiler.nodes import NodeList, constant, new_node
from model_export.graph.ir import Array, Node, Value

Makers = dict[Value, Node]
Readers = dict[Value, list[Node]]


def join(graph: NodeList) -> None:
    """Snake, the gate of v2 decoders and what filtered noise is made of become single nodes."""
    _join_snakes(graph)
    _join_gates(graph)
    if any(node.op == "Conv" for node in graph.nodes):
        _join_powers(graph)
        _join_scales(graph)


def _only_reader(graph: NodeList, value: Value, readers: Readers) -> Node | None:
    users = list(dict.fromkeys(readers.get(value, [])))
    return users[0] if len(users) == 1 and value not in graph.outputs else None


def _replace(graph: NodeList, last: Node, gone: list[Node], new: Node) -> None:
    graph.nodes = [new if node is last else node for node in graph.nodes]
    graph.remove(node for node in gone if node is not last)


def _join_gates(graph: NodeList) -> None:
    """tanh(a sigmoid(b)), and a constant factor behind it where there is one."""
    producers, readers = graph.producers(), graph.consumers()
    for tanh in [node for node in graph.nodes if node.op == "Tanh"]:
        product, noise, before = _below(graph, tanh, producers, readers)
        if (
            product is None
            or product.op != "Mul"
            or _only_reader(graph, product.output, readers) is not before
        ):
            continue
        for a, b in ((0, 1), (1, 0)):
            sigmoid = producers.get(product.input(b))
            if sigmoid is None or sigmoid.op != "Sigmoid" or product.input(a).shape != tanh.output.shape:
                continue
            alone = _only_reader(graph, sigmoid.output, readers) is product
            if not alone or sigmoid.output.shape != tanh.output.shape:
                continue
            factor, last = _factor(graph, tanh, readers) if noise is None else (noise, tanh)
            inputs: list[Value | None] = [product.input(a), sigmoid.input(0), factor]
            gate = new_node("Gate" if noise is None else "NoisyGate", inputs, [last.output], {}, tanh.name)
            _replace(graph, last, [sigmoid, product, before, tanh, last], gate)
            break


def _below(
    graph: NodeList, tanh: Node, producers: Makers, readers: Readers
) -> tuple[Node | None, Value | None, Node]:
    """The product under tanh, the noise added to it where there is some, and who reads the product."""
    below = producers.get(tanh.input(0))
    if below is None or below.op != "Add" or _only_reader(graph, below.output, readers) is not tanh:
        return below, None, tanh
    for a, b in ((0, 1), (1, 0)):
        product, noise = producers.get(below.input(a)), below.input(b)
        whole = noise.constant is None and below.input(a).shape == noise.shape == tanh.output.shape
        if whole and product is not None and product.op == "Mul":
            return product, noise, below
    return None, None, below


def _join_powers(graph: NodeList) -> None:
    """Powers of a sigmoid, which is never negative, need no care for signs."""
    producers = graph.producers()
    for node in graph.nodes:
        base = producers.get(node.input(0)) if node.op == "Pow" else None
        exponent = node.input(1).constant if base is not None and base.op == "Sigmoid" else None
        if exponent is not None and np.all(exponent > 0) and not np.any((exponent == 2) | (exponent == 0.5)):
            node.op = "PowPositive"


def _join_scales(graph: NodeList) -> None:
    """A constant factor and then a constant, where no convolution takes them."""
    producers, readers = graph.producers(), graph.consumers()
    for scale in [node for node in graph.nodes if node.op == "Mul"]:
        x, factor = scale.input(0), scale.input(1)
        add = _only_reader(graph, scale.output, readers)
        if add is None or add.op != "Add" or factor.constant is None or x.constant is not None:
            continue
        shift = add.input(1) if add.input(0) is scale.output else add.input(0)
        maker = producers.get(x)
        if (
            shift.constant is None
            or not shift.elements == factor.elements == 1
            or x.shape != add.output.shape
        ):
            continue
        if x.kind == "float" and (maker is None or maker.op != "Conv"):
            joined = new_node("MulAdd", [x, factor, shift], [add.output], {}, scale.name)
            _replace(graph, add, [scale, add], joined)


def _factor(graph: NodeList, tanh: Node, readers: Readers) -> tuple[Value, Node]:
    follower = _only_reader(graph, tanh.output, readers)
    if follower is not None and follower.op == "Mul" and follower.output.shape == tanh.output.shape:
        other = follower.input(1) if follower.input(0) is tanh.output else follower.input(0)
        if other.constant is not None:
            return other, follower
    return constant(np.ones(1, np.float32)), tanh


def _join_snakes(graph: NodeList) -> None:
    """x + sin(alpha x)^2 / (alpha + 1e-9) with a constant alpha per channel."""
    producers, readers = graph.producers(), graph.consumers()
    for add in [node for node in graph.nodes if node.op == "Add"]:
        for first, second in ((0, 1), (1, 0)):
            x, ripple = add.input(first), producers.get(add.input(second))
            found = None if ripple is None else _snake(x, ripple, producers)
            if found is None:
                continue
            alpha, inner = found
            if all(_only_reader(graph, node.output, readers) is not None for node in inner):
                snake = new_node("Snake", [x, constant(alpha, "alpha")], [add.output], {}, add.name)
                _replace(graph, add, [*inner, add], snake)
                break


def _snake(x: Value, ripple: Node, producers: Makers) -> tuple[Array, list[Node]] | None:
    if ripple.op not in ("Mul", "Div"):
        return None
    for a, b in ((0, 1), (1, 0)):
        scale, square = ripple.input(a).constant, producers.get(ripple.input(b))
        if scale is None or square is None or (ripple.op == "Div" and b != 0):
            continue
        sine = _squared(square, producers)
        turn = None if sine is None or sine.op != "Sin" else producers.get(sine.input(0))
        if sine is None or turn is None or turn.op != "Mul" or x not in turn.inputs:
            continue
        alpha = (turn.input(1) if turn.input(0) is x else turn.input(0)).constant
        if alpha is None or alpha.shape != scale.shape:
            continue
        wanted = alpha + np.float32(1e-9)
        if np.allclose(scale, wanted if ripple.op == "Div" else 1 / wanted, rtol=1e-5):
            return alpha, [ripple, square, sine, turn]
    return None


def _squared(node: Node, producers: Makers) -> Node | None:
    if node.op == "Pow":
        exponent = node.input(1).constant
        two = exponent is not None and bool(np.all(exponent == 2))
        return producers.get(node.input(0)) if two else None
    if node.op == "Mul" and node.input(0) is node.input(1):
        return producers.get(node.input(0))
    return None
