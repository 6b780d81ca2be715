"""Rounds weights so that the errors of one cancel in the sum with the next.

A convolution's output error is the weights' error times its inputs. Going through the inputs one by one,
what rounding has added so far is taken off the weights still to be rounded, in the proportion in which the
inputs move together (Frantar et al. 2022, "GPTQ", after Hassibi and Stork 1993, "Optimal Brain Surgeon").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
DAMPING = 0.01  # of the mean input power: keeps the inverse finite where few frames were seen
BLOCK = 64
SHRINKINGS = (1.0, 0.95, 0.9, 0.85, 0.8)  # of the range: a rare large weight may be clipped for finer steps


def best_scale(weight: Floats, power: Floats, levels: int) -> Floats:
    """The step per output [out] with the least rounding error, inputs weighted by their power [depth]."""
    largest = np.maximum(np.abs(weight).max(1), 1e-12)
    best, scale = np.full(weight.shape[0], np.inf), largest / levels
    for shrinking in SHRINKINGS if levels < 1000 else SHRINKINGS[:1]:
        step = largest * shrinking / levels
        rounded = np.clip(np.round(weight / step[:, None]), -levels, levels) * step[:, None]
        error = ((weight - rounded) ** 2 * power).sum(1)
        scale = np.where(error < best, step, scale)
        best = np.minimum(error, best)
    return np.asarray(scale)


def compensated(weight: Floats, covariance: Floats, scale: Floats, levels: int) -> npt.NDArray[np.int64]:
    """Integer weights [out, depth] for inputs of this covariance [depth, depth]."""
    depth = weight.shape[1]
    damped = covariance + np.eye(depth) * (DAMPING * np.trace(covariance) / depth + 1e-12)
    order = np.argsort(-np.diag(damped))  # strong inputs first, while much is left to compensate with
    inverse = np.linalg.inv(damped[np.ix_(order, order)])
    factor = np.linalg.cholesky((inverse + inverse.T) / 2).T
    left = weight[:, order].copy()
    steps = np.zeros(weight.shape, np.int64)
    for start in range(0, depth, BLOCK):
        end = min(start + BLOCK, depth)
        errors = np.zeros((weight.shape[0], end - start))
        for i in range(start, end):
            rounded = np.clip(np.round(left[:, i] / scale), -levels, levels)
            steps[:, i] = rounded.astype(np.int64)
            errors[:, i - start] = (left[:, i] - rounded * scale) / factor[i, i]
            left[:, i + 1 : end] -= np.outer(errors[:, i - start], factor[i, i + 1 : end])
        left[:, end:] -= errors @ factor[start:end, end:]
    unsorted = np.empty_like(steps)
    unsorted[:, order] = steps
    return unsorted
