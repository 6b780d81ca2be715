"""Convolutions, transforms, padding and recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from model_export.graph import Array, Builder, Value
from model_export.symbolic.convert import axis_of, change_columns, constant_matrix, integer, value_of
from model_export.symbolic.registry import Machine, operator
from model_export.symbolic.tensor import RealAsComplex, Spectrum, Tensor


def _one(machine: Machine, x: object, default: int) -> int:
    if x is None:
        return default
    return integer(machine, x[0] if isinstance(x, (list, tuple)) else x)


def pad_last(build: Builder, x: Value, left: int, right: int) -> Value:
    """Zeros around the last axis; negative counts cut."""
    if min(left, right) < 0:
        x = build.slice(x, len(x.shape) - 1, max(-left, 0), x.shape[-1] - max(-right, 0))
    for n in (left, right):
        build.charge((*x.shape[:-1], max(n, 0)))
    zeros = [build.constant(np.zeros((*x.shape[:-1], max(n, 0)), x.dtype)) for n in (left, right)]
    return build.concat([zeros[0], x, zeros[1]], len(x.shape) - 1)


@operator("conv1d")
def _conv1d(
    machine: Machine,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: object = None,
    padding: object = None,
    dilation: object = None,
    groups: int = 1,
) -> Tensor:
    build = machine.build
    value, kernel = value_of(machine, x), value_of(machine, weight)
    if len(value.shape) != 3 or len(kernel.shape) != 3 or value.shape[1] != kernel.shape[1] * groups:
        raise ValueError(f"input {list(value.shape)} for weight {list(kernel.shape)}")
    around = _one(machine, padding, 0)
    value = pad_last(build, value, around, around)
    offset = None if bias is None else value_of(machine, bias)
    strides = _one(machine, stride, 1), _one(machine, dilation, 1)
    return Tensor.of(build.convolve(value, kernel, offset, *strides, groups))


@operator("conv_transpose1d")
def _conv_transpose1d(
    machine: Machine,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: object = None,
    padding: object = None,
    output_padding: object = None,
    groups: int = 1,
    dilation: object = None,
) -> Tensor:
    build = machine.build
    value, kernel = value_of(machine, x), value_of(machine, weight)
    step, crop = _one(machine, stride, 1), _one(machine, padding, 0)
    if _one(machine, dilation, 1) != 1 or value.shape[1] != kernel.shape[0]:
        raise ValueError("a plain transposed convolution")
    batch, _, length = value.shape
    shape = [batch, kernel.shape[1] * groups, (length - 1) * step + kernel.shape[2]]
    full = build.emit("ConvTranspose", [value, kernel], shape, stride=step, groups=groups)
    extra = _one(machine, output_padding, 0)
    full = pad_last(build, full, -crop, extra - crop)
    if bias is not None:
        offset = value_of(machine, bias)
        full = build.binary("Add", full, build.reshape(offset, [*offset.shape, 1]))
    return Tensor.of(full)


@operator("constant_pad_nd", "pad")
def _pad(
    machine: Machine, x: Tensor, pads: Sequence[int], mode: object = "constant", fill: object = None
) -> Tensor:
    if mode not in ("constant", 0, 0.0) or fill not in (None, 0, 0.0):
        raise ValueError("padding with zeros, not with something else")
    build, value = machine.build, value_of(machine, x)
    for number, (left, right) in enumerate(zip(pads[0::2], pads[1::2], strict=True)):
        if left == right == 0:
            continue
        if number:
            raise ValueError("padding of the last axis only")
        if constant_matrix(value) is None:
            value = pad_last(build, value, left, right)
        else:
            rows = constant_matrix(value)
            assert rows is not None
            build.charge((*rows.shape[:-1], max(rows.shape[-1] + max(left, 0) + max(right, 0), 0)))
            value = change_columns(build, value, partial(_pad_array, left=left, right=right))
    return Tensor.of(value)


def _pad_array(a: Array, left: int, right: int) -> Array:
    a = a[..., max(-left, 0) : a.shape[-1] - max(-right, 0)]
    return np.pad(a, [(0, 0)] * (a.ndim - 1) + [(max(left, 0), max(right, 0))])


@operator("roll")
def _roll(machine: Machine, x: Tensor, shifts: Sequence[int], axes: Sequence[int] = ()) -> Tensor:
    build, value = machine.build, value_of(machine, x)
    for shift, axis in zip(shifts, axes, strict=True):
        where = axis_of(value, axis)
        if where == len(value.shape) - 1 and constant_matrix(value) is not None:
            value = change_columns(build, value, partial(np.roll, shift=shift, axis=-1))
            continue
        length = value.shape[where]
        cut = (length - shift) % length if length else 0
        parts = [build.slice(value, where, cut, length), build.slice(value, where, 0, cut)]
        value = build.concat(parts, where)
    return Tensor.of(value)


@operator("view_as_complex")
def _view_as_complex(machine: Machine, x: Tensor) -> RealAsComplex:
    value = value_of(machine, x)
    node = value.node
    if node is None or node.op != "Concat" or len(node.inputs) != 2 or value.shape[-1] != 2:
        raise ValueError("a complex tensor made of a real and an imaginary part")
    real, imaginary = node.inputs
    if imaginary.constant is None or np.any(imaginary.constant):
        raise ValueError("a complex tensor without imaginary part")
    return RealAsComplex(machine.build.reshape(real, value.shape[:-1]))


@operator("fft_rfft")
def _rfft(machine: Machine, x: Tensor, n: int | None = None, axis: int = -1, norm: object = None) -> Spectrum:
    value = value_of(machine, x)
    if axis_of(value, axis) != len(value.shape) - 1 or norm is not None:
        raise ValueError("a transform of the last axis")
    length = value.shape[-1] if n is None else n
    return Spectrum((pad_last(machine.build, value, 0, length - value.shape[-1]),), length)


@operator("fft_irfft")
def _irfft(machine: Machine, x: object, n: int | None = None, axis: int = -1, norm: object = None) -> Tensor:
    build = machine.build
    if axis != -1 or norm is not None:
        raise ValueError("a transform of the last axis")
    if isinstance(x, RealAsComplex):
        bins = x.real.shape[-1]
        length = 2 * (bins - 1) if n is None else n
        build.charge((bins, bins))
        build.charge((bins, length))
        build.spend(64 * bins * length)
        matrix = np.fft.irfft(np.eye(bins), length)
        return Tensor.of(build.matmul(x.real, build.constant(matrix, np.float32)))
    if not isinstance(x, Spectrum) or len(x.factors) != 2 or n not in (None, x.length) or x.length % 2:
        raise ValueError("a product of two spectra")
    a, b = x.factors
    shape = [*np.broadcast_shapes(a.shape, b.shape)]
    result = build.emit("CircularConvolve", [a, b], shape, start=0, stop=x.length, length=x.length)
    return Tensor.of(result)


@operator("gru")
def _gru(
    machine: Machine,
    x: Tensor,
    hidden: Tensor,
    weights: Sequence[Tensor],
    biases: bool,
    layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, Tensor]:
    if bidirectional:
        raise ValueError("a recurrent layer in one direction")
    build, value, start = machine.build, value_of(machine, x), value_of(machine, hidden)
    if batch_first:
        value = build.transpose(value, [1, 0, 2])
    count, last = (4 if biases else 2), []
    for layer in range(layers):
        mine = [value_of(machine, w) for w in weights[layer * count : (layer + 1) * count]]
        value = _gru_layer(build, value, build.slice(start, 0, layer, layer + 1), mine)
        last.append(build.slice(value, 0, value.shape[0] - 1, value.shape[0]))
    if batch_first:
        value = build.transpose(value, [1, 0, 2])
    return Tensor.of(value), Tensor.of(build.concat(last, 0))


def _gru_layer(build: Builder, x: Value, hidden: Value, weights: Sequence[Value]) -> Value:
    """torch orders the gates reset, update, new; ONNX update, reset, new."""
    arrays = [w.constant for w in weights]
    if any(a is None for a in arrays):
        raise ValueError("constant weights")
    size = weights[0].shape[0] // 3

    def gates(a: Array | None) -> Array:
        assert a is not None
        return np.concatenate([a[size : 2 * size], a[:size], a[2 * size :]])

    w, r = (build.constant(gates(a)[None]) for a in arrays[:2])
    bias = [gates(a) for a in arrays[2:]] or [np.zeros(3 * size, np.float32)] * 2
    b = build.constant(np.concatenate(bias)[None])
    shape = [x.shape[0], 1, x.shape[1], size]
    y = build.emit("GRU", [x, w, r, b, hidden], shape, hidden_size=size, linear_before_reset=1)
    return build.reshape(y, [x.shape[0], x.shape[1], size])


@operator("batch_norm")
def _batch_norm(
    machine: Machine,
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    training: bool,
    momentum: float,
    eps: float,
    cudnn: bool = False,
) -> Tensor:
    """Outside training a normalisation is a fixed scale and offset of every channel."""
    if training:
        raise ValueError("a normalisation that has stopped learning")
    build, value = machine.build, value_of(machine, x)

    def column(tensor: Tensor | None, default: float) -> Value:
        if tensor is None:
            return build.constant(np.float32(default))
        data = value_of(machine, tensor)
        return build.reshape(data, [data.shape[0], *[1] * (len(value.shape) - 2)])

    spread = build.unary("Sqrt", build.binary("Add", column(variance, 1), build.constant(np.float32(eps))))
    scale = build.binary("Div", column(weight, 1), spread)
    offset = build.binary("Sub", column(bias, 0), build.binary("Mul", column(mean, 0), scale))
    return Tensor.of(build.binary("Add", build.binary("Mul", value, scale), offset))
