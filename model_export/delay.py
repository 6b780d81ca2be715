"""The model's own delay: from a latent to the middle of the sound that it asks for.

A centred convolution of K taps and dilation d answers (K - 1) d / 2 steps late, a causal one at once, a
transposed one of stride r half a stride late; cropped paddings are plain delays. Whether a model is
centred is known from its first cached convolution, which has nothing before it to wait for. The caches
look the same in both cases, so the graph alone cannot tell (cached_conv keeps the sum as `cumulative_delay`).
"""

from __future__ import annotations

from model_export.graph import Graph, Node, Value
from model_export.graph.ir import ordered
from model_export.torchscript import Module


def modules_by_path(root: Module) -> dict[str, Module]:
    """Every module of the tree under its dotted path."""
    found: dict[str, Module] = {}
    stack = [("", root)]
    seen: set[int] = set()
    while stack:
        path, module = stack.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        found[path] = module
        stack.extend((f"{path}.{name}".lstrip("."), child) for name, child in module.children())
    return found


def delay_samples(graph: Graph, root: Module) -> int:
    """Delay of the path from the latent to the audio, in output samples.

    Args:
        graph: as traced, before any rewriting.
        root: the module tree that it was traced from.
    """
    return round(_Delays(graph, modules_by_path(root)).total)


class _Delays:
    def __init__(self, graph: Graph, modules: dict[str, Module]) -> None:
        self._modules = modules
        (source,), (audio,) = graph.inputs.values(), graph.outputs.values()
        self._samples = audio.shape[-1]
        values = list(ordered([audio]))
        noisy = {id(d.value) for d in graph.draws if d.value.shape[-1] != source.shape[-1]}
        self._centred = self._is_centred(values)
        self._late: dict[int, float] = {id(source): 0.0}
        for value in values:
            if value.node is None:
                continue
            clear = [given for given in value.node.inputs if id(given) not in noisy]
            if len(clear) < len(value.node.inputs) and value.node.op not in ("Add", "Concat"):
                noisy.add(id(value))  # shaped noise: its own filters are not on the way of the tone
                continue
            known = [self._late[id(given)] for given in clear if id(given) in self._late]
            if known:
                self._late[id(value)] = max(known) + self._own(value.node, value)
            elif len(clear) < len(value.node.inputs):
                noisy.add(id(value))
        self.total = self._late.get(id(audio), 0.0)

    def _is_centred(self, values: list[Value]) -> bool:
        for value in values:
            if value.node is not None and value.node.op == "Conv":
                padding, waits = self._cache(value.node)
                if padding > 0 and value.node.attributes["stride"] == 1:
                    return waits == padding // 2
        return False

    def _cache(self, node: Node) -> tuple[int, int]:
        """(cached steps, cumulative delay) of the module whose code made this convolution."""
        module = self._modules.get(node.name)
        cache = module.attributes.get("cache") if module is not None else None
        padding = cache.attributes.get("padding") if isinstance(cache, Module) else None
        waits = module.attributes.get("cumulative_delay") if module is not None else None
        return padding if isinstance(padding, int) else 0, waits if isinstance(waits, int) else 0

    def _own(self, node: Node, value: Value) -> float:
        step = self._samples / max(value.shape[-1], 1)
        if node.op == "Conv":
            return step * (self._cache(node)[0] // 2) if self._centred else 0.0
        if node.op == "ConvTranspose":
            stride = node.attributes["stride"]
            assert isinstance(stride, int)
            return self._samples / (node.inputs[0].shape[-1] * stride) * (stride // 2)
        if node.op == "Slice" and self._is_crop(node):
            return step * (node.inputs[0].shape[-1] - value.shape[-1])
        return 0.0

    def _is_crop(self, node: Node) -> bool:
        """Slice(Concat(state, x), :-P): x, P steps late."""
        join = node.inputs[0].node
        if join is None or join.op != "Concat" or node.attributes["start"] != 0 or len(join.inputs) != 2:
            return False
        last = len(node.inputs[0].shape) - 1
        head, body = join.inputs
        same = node.attributes["axis"] == join.attributes["axis"] == last
        return same and id(head) not in self._late and id(body) in self._late
