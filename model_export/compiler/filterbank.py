"""The cosine-modulated filter bank in its fast form, in what the compiler is given.

The exporter writes it so already (graph/modulated.py); graphs of other makers have it dense, or as one
depthwise convolution half of whose taps are zero. What such a bank is: model_export/filter_bank.py.
"""

from __future__ import annotations

import numpy as np

from model_export.compiler.nodes import NodeList, constant, like, new_node
from model_export.filter_bank import PARITIES, SHORTEST, factored
from model_export.graph.ir import Node, Value


def spread(graph: NodeList) -> None:
    """Replaces every dense filter bank by its fast form."""
    graph.nodes = [new for node in graph.nodes for new in (_fast(node) or [node])]


def _fast(conv: Node) -> list[Node] | None:
    a = conv.attributes
    if (
        conv.op != "Conv"
        or conv.input(1).grid is not None
        or int(a.get("group", 1)) != 1
        or "residual" in a
        or len(conv.input(0).shape) != 3
    ):
        return None
    weight, x = conv.input(1).known(conv), conv.input(0)
    if weight.ndim != 3 or min(weight.shape[0], weight.shape[1] - 1) < 2 or weight.shape[2] < SHORTEST:
        return None
    if int((a.get("strides") or [1])[0]) != 1 or int((a.get("dilations") or [1])[0]) != 1:
        return None
    found = factored(weight)
    if found is None:
        return None
    directions, factors = found
    out = weight.shape[0]
    turned = like(x, (x.shape[0], PARITIES * out, x.shape[2]), ".directions")
    matrix = constant(directions.reshape(PARITIES * out, -1, 1).astype(np.float32), conv.input(1).name)
    nodes = [new_node("Conv", [x, matrix], [turned], {}, f"{conv.name}.directions")]
    partial: Value | None = None
    for phase in range(PARITIES):
        last = phase == PARITIES - 1
        rows = x.shape[2] - phase
        part = like(x, (x.shape[0], out, rows), f".phase{phase}")
        bounds = [[phase * out, phase], [(phase + 1) * out, x.shape[2]], [1, 2]]
        nodes.append(new_node("Slice", [turned, *(constant(np.array(b, np.int64)) for b in bounds)], [part]))
        taps = constant(
            factors[phase][:, None, phase::PARITIES].astype(np.float32), f"{conv.input(1).name}.phase{phase}"
        )
        target = conv.outputs if last else [like(conv.output, conv.output.shape, f".phase{phase}")]
        attributes = {
            **a,
            "group": out,
            "dilations": [PARITIES],
            "rows": conv.output.shape[2] // a.get("upsample", 1),
        }
        if not last:
            for key in ("raw", "active", "activation"):
                attributes.pop(key, None)
        inputs: list[Value | None] = [part, taps, conv.optional(2) if phase == 0 else None]
        if partial is not None:
            attributes["residual"] = partial
            inputs.append(partial)
        nodes.append(new_node("Conv", inputs, target, attributes, f"{conv.name}.phase{phase}"))
        partial = target[0]
    return nodes


def halve(graph: NodeList) -> None:
    """Takes the zeros out of filter banks that arrive in their fast form: one depthwise convolution whose
    channels, in two halves read apart, have a tap in every second place only.
    """
    readers = graph.consumers()
    for conv in [node for node in graph.nodes if _is_depthwise_bank(node)]:
        parts = readers.get(conv.output, [])
        halves = [_half(conv, part) for part in parts]
        if conv.output in graph.outputs or not halves or None in halves:
            continue
        new = dict(zip(map(id, parts), halves, strict=True))
        graph.nodes = [n for node in graph.nodes for n in (new.get(id(node)) or [node])]
        graph.remove([conv])


def _is_depthwise_bank(node: Node) -> bool:
    a = node.attributes
    if node.op != "Conv" or node.input(1).constant is None or node.optional(2) is not None:
        return False
    channels, depth, taps = node.input(1).shape if len(node.input(1).shape) == 3 else (0, 0, 0)
    plain = (a.get("strides") or [1]) == [1] and (a.get("dilations") or [1]) == [1]
    return plain and depth == 1 and int(a.get("group", 1)) == channels > 1 and taps >= SHORTEST


def _half(conv: Node, part: Node) -> list[Node] | None:
    """The channels of `conv` that `part` takes, by their own taps; None where they have taps everywhere."""
    weight, x = conv.input(1).known(conv), conv.input(0)
    first = _first_channel(part, weight.shape[0])
    if first is None or part.output.shape[2] != conv.output.shape[2]:
        return None
    size, length = part.output.shape[1], part.output.shape[2]
    own = weight[first : first + size, 0]
    phase = next((p for p in range(PARITIES) if not np.delete(own, np.s_[p::PARITIES], 1).any()), None)
    if phase is None:
        return None
    kernel = np.ascontiguousarray(own[:, None, phase::PARITIES])
    rows = (kernel.shape[2] - 1) * PARITIES + length
    heard = like(x, (x.shape[0], size, rows), f".half{phase}")
    bounds = [[first, phase], [first + size, phase + rows], [1, 2]]
    name = f"{conv.name}.half{phase}"
    attributes = {"group": size, "dilations": [PARITIES]}
    return [
        new_node("Slice", [x, *(constant(np.array(b, np.int64)) for b in bounds)], [heard], {}, name),
        new_node("Conv", [heard, constant(kernel, name)], part.outputs, attributes, name),
    ]


def _first_channel(part: Node, channels: int) -> int | None:
    """Where a slice of channels begins; None for another node, another axis, or steps."""
    if part.op != "Slice":
        return None
    given = [value.constant.reshape(-1).tolist() for value in part.inputs[1:] if value.constant is not None]
    if len(given) < 3 or len(given) != len(part.inputs) - 1 or given[2] != [1]:
        return None
    start, steps = given[0][0], given[3][0] if len(given) > 3 else 1
    return None if steps != 1 or not 0 <= start < channels else int(start)
