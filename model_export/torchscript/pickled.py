"""A pickle reader that can build module trees and nothing else.

The pickle is a program; here its opcodes are decoded by the standard library's disassembler and
interpreted over inert values. Opcodes and globals outside two short lists are refused by name, so
nothing in a file can import, call or construct anything of ours.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model_export.errors import ExportError
from model_export.torchscript.objects import Module, TensorRef

MAX_NESTING = 32  # of lists in lists: real ones stay below 4
MAX_ITEMS = 1_000_000
MAX_STEPS = 300_000  # the voices that ship take 15,000
_WANTED = "a pickle of modules and tensors"
_REFUSED = "do not trust this file: get the model from its author again"
_DAMAGED = "the file is damaged: download it again"

_STORAGES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_RETURN_FIRST = {
    "restore_type_tag",
    "build_intlist",
    "build_tensorlist",
    "build_doublelist",
    "build_boollist",
}


@dataclass(frozen=True)
class _Global:
    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class _Storage:
    dtype: np.dtype[np.generic]
    entry: str
    numel: int
    bfloat16: bool


class _Mark:
    pass


def _is_empty(value: object) -> bool:
    """Whether it is the empty tuple, without comparing what it may hold."""
    return isinstance(value, tuple) and not value


def _shown(value: object) -> str:
    """A foreign value in a few words: lists that share lists would print for ever."""
    return str(value)[:120] if isinstance(value, (_Global, str)) else f"a {type(value).__name__}"


def _bounded(root: object) -> object:
    """The value itself, once it is known that whoever walks through it comes to an end.

    Lists, tuples and dictionaries nest at most MAX_NESTING deep, hold no more than MAX_ITEMS when every
    shared one is counted each time, and none holds itself. Modules may share modules: each is walked once.
    """
    sizes: dict[int, tuple[int, int]] = {}  # of a container: items with all that is within, and nesting
    modules: set[int] = set()
    roots: list[object] = [root]
    while roots:
        _weigh(roots.pop(), sizes, modules, roots)
    return root


def _weigh(root: object, sizes: dict[int, tuple[int, int]], modules: set[int], roots: list[object]) -> None:
    """Sizes of one container and all within it; modules that it meets are left to `roots`."""
    stack, open_now = [(root, False)], set()
    while stack:
        value, seen = stack.pop()
        if isinstance(value, Module):
            if id(value) not in modules:
                modules.add(id(value))
                roots.extend(value.attributes.values())
            continue
        if not isinstance(value, (list, tuple, dict)) or id(value) in sizes:
            continue
        items = list(value.values() if isinstance(value, dict) else value)
        if seen:
            within = [sizes.get(id(item), (1, 0)) for item in items]
            count, depth = 1 + sum(n for n, _ in within), 1 + max((d for _, d in within), default=0)
            if count > MAX_ITEMS or depth > MAX_NESTING:
                raise ExportError(_WANTED, "lists within lists without end", _REFUSED)
            sizes[id(value)] = count, depth
            open_now.discard(id(value))
            continue
        if id(value) in open_now:
            raise ExportError(_WANTED, "a list that holds itself", _REFUSED)
        open_now.add(id(value))
        stack.append((value, True))
        stack.extend((item, False) for item in items)


class PickleMachine:
    """Interprets one pickle.

    Args:
        data: the bytes of `data.pkl` or `constants.pkl`.
        folder: archive folder of the storages, "data" or "constants".
        byte_order: "<" or ">".
    """

    def __init__(self, data: bytes, folder: str, byte_order: str) -> None:
        self._data, self._folder, self._byte_order = data, folder, byte_order
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}

    def run(self) -> object:
        """The pickled object. Raises ExportError on anything outside the lists."""
        try:
            for step, (opcode, argument, _) in enumerate(pickletools.genops(self._data)):
                if step >= MAX_STEPS:
                    raise ExportError(f"a pickle of at most {MAX_STEPS} steps", "more", _REFUSED)
                if opcode.name == "STOP":
                    return _bounded(self._pop())
                self._step(opcode.name, argument)
        except (IndexError, KeyError, TypeError, AttributeError) as error:
            raise ExportError(_WANTED, "a pickle whose stack does not add up", _DAMAGED) from error
        except (ValueError, OverflowError, MemoryError) as error:
            if isinstance(error, ExportError):
                raise
            raise ExportError(_WANTED, f"a broken pickle ({str(error)[:80]})", _DAMAGED) from error
        raise ExportError(_WANTED, "a pickle without an end", _DAMAGED)

    def _step(self, name: str, argument: object) -> None:
        if name in _PUSH_ARGUMENT:
            self._stack.append(argument)
        elif name in _PUSH_CONSTANT:
            self._stack.append(_PUSH_CONSTANT[name]())
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name != "PROTO":
            raise ExportError(_WANTED, f"the pickle opcode {name}", _REFUSED)

    def _pop(self) -> object:
        value = self._stack.pop()
        if isinstance(value, _Mark):
            raise IndexError
        return value

    def _pop_to_mark(self) -> list[object]:
        items: list[object] = []
        while not isinstance(value := self._stack.pop(), _Mark):
            items.append(value)
        return items[::-1]

    def _top(self, kind: type) -> object:
        value = self._stack[-1]
        if type(value) is not kind:
            raise TypeError
        return value

    def _global(self, argument: object) -> None:
        module, name = str(argument).split(" ", 1)
        self._stack.append(_Global(module, name))

    def _put(self, argument: object) -> None:
        assert isinstance(argument, int)
        self._memo[argument] = self._stack[-1]

    def _get(self, argument: object) -> None:
        assert isinstance(argument, int)
        self._stack.append(self._memo[argument])

    def _tuple(self, length: int | None) -> None:
        items = self._pop_to_mark() if length is None else [self._pop() for _ in range(length)][::-1]
        self._stack.append(tuple(items))

    def _append(self, many: bool) -> None:
        items = self._pop_to_mark() if many else [self._pop()]
        target = self._top(list)
        assert isinstance(target, list)
        target.extend(items)

    def _set_items(self, many: bool) -> None:
        items = self._pop_to_mark() if many else [self._pop(), self._pop()][::-1]
        target = self._top(dict)
        assert isinstance(target, dict)
        for key, value in zip(items[0::2], items[1::2], strict=True):
            if not isinstance(key, (str, int, float)):
                raise TypeError
            target[key] = value

    def _new_object(self) -> None:
        arguments, cls = self._pop(), self._pop()
        if not isinstance(cls, _Global) or not cls.module.startswith("__torch__") or not _is_empty(arguments):
            raise ExportError(_WANTED, f"an object of class {_shown(cls)}", _REFUSED)
        self._stack.append(Module(str(cls)))

    def _build(self) -> None:
        state = self._pop()
        module = self._top(Module)
        assert isinstance(module, Module)
        if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
            raise ExportError(_WANTED, f"a {module.short_name} with a packed state", _REFUSED)
        module.attributes.update(state)

    def _reduce(self) -> None:
        arguments, function = self._pop(), self._pop()
        if not isinstance(function, _Global) or not isinstance(arguments, tuple):
            raise TypeError
        where = (function.module, function.name)
        if where == ("torch._utils", "_rebuild_tensor_v2"):
            self._stack.append(self._tensor(arguments))
        elif where == ("torch._utils", "_rebuild_parameter"):
            self._stack.append(arguments[0])
        elif where == ("collections", "OrderedDict") and _is_empty(arguments):
            self._stack.append({})
        elif function.module == "torch.jit._pickle" and function.name in _RETURN_FIRST:
            self._stack.append(arguments[0])
        else:
            raise ExportError(_WANTED, f"a pickle that calls {function}", _REFUSED)

    def _tensor(self, arguments: tuple[object, ...]) -> TensorRef:
        storage, offset, shape, stride = arguments[:4]
        if not isinstance(storage, _Storage) or type(offset) is not int:
            raise TypeError
        if not isinstance(shape, tuple) or not isinstance(stride, tuple):
            raise TypeError
        if any(type(number) is not int for number in (*shape, *stride)):
            raise TypeError
        return TensorRef(storage.entry, storage.dtype, storage.numel, offset, shape, stride, storage.bfloat16)

    def _persistent(self) -> None:
        identity = self._pop()
        if not isinstance(identity, tuple) or len(identity) != 5 or identity[0] != "storage":
            raise TypeError
        _, kind, key, _, numel = identity
        if not isinstance(kind, _Global) or kind.module != "torch" or kind.name not in _STORAGES:
            raise ExportError(_WANTED, f"a storage of {_shown(kind)}", _REFUSED)
        if not isinstance(key, str) or type(numel) is not int:
            raise TypeError
        dtype = np.dtype(self._byte_order + _STORAGES[kind.name])
        bfloat16 = kind.name == "BFloat16Storage"
        self._stack.append(_Storage(dtype, f"{self._folder}/{key}", numel, bfloat16))


_PUSH_ARGUMENT = frozenset(
    {"BINUNICODE", "BININT", "BININT1", "BININT2", "BINFLOAT", "LONG1", "SHORT_BINUNICODE"}
)
_PUSH_CONSTANT: dict[str, Callable[[], object]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "MARK": _Mark,
}
_ACTIONS: dict[str, Callable[[PickleMachine, object], None]] = {
    "GLOBAL": PickleMachine._global,
    "BINPUT": PickleMachine._put,
    "LONG_BINPUT": PickleMachine._put,
    "BINGET": PickleMachine._get,
    "LONG_BINGET": PickleMachine._get,
    "TUPLE": lambda machine, _: machine._tuple(None),
    "TUPLE1": lambda machine, _: machine._tuple(1),
    "TUPLE2": lambda machine, _: machine._tuple(2),
    "TUPLE3": lambda machine, _: machine._tuple(3),
    "APPEND": lambda machine, _: machine._append(False),
    "APPENDS": lambda machine, _: machine._append(True),
    "SETITEM": lambda machine, _: machine._set_items(False),
    "SETITEMS": lambda machine, _: machine._set_items(True),
    "NEWOBJ": lambda machine, _: machine._new_object(),
    "BUILD": lambda machine, _: machine._build(),
    "REDUCE": lambda machine, _: machine._reduce(),
    "BINPERSID": lambda machine, _: machine._persistent(),
}
