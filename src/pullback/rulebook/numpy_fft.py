"""Derivatives of np.fft, in the pairing without conjugation: the matrix of a DFT is symmetric.

y = fft(a, n)    ->  fft(g), cut or filled with zeros to the length of `a`, as `a` was to n
y = rfft(a, n)   ->  the real part of fft(g filled with zeros to n)
y = irfft(a, n)  ->  conj(rfft(g)), doubled where a coefficient stands for its conjugate too
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.array_likes import Array, Form, form, restore, shape_of
from pullback.rules import constant, rule
from pullback.tangents import Tangent

IN_TEMPLATES = (form,)
SWAPPED: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def resized(t: Array, shape: tuple[int, ...]) -> Array:
    """`t` cut, or filled with zeros, to `shape`: what a transform does to its operand, and its transpose."""
    t = t[tuple(slice(n) for n in shape)]
    if t.shape == shape:
        return t
    return np.pad(t, [(0, n - k) for n, k in zip(shape, t.shape, strict=True)])


def returned(t: Array, m: Form) -> Tangent:
    """The cotangent of an operand that was cut or filled before it was transformed."""
    return restore(resized(t, shape_of(m)), m)


def transform_lengths(m: Form, s: Any, axes: Any) -> tuple[list[int], list[int]]:
    """The axes of a transform and its lengths along them, as np.fft reads `s` and `axes`."""
    shape = shape_of(m)
    if axes is None:
        axes = range(-len(s), 0) if s is not None else range(len(shape))
    chosen = [k % len(shape) for k in axes]
    lengths = [shape[k] for k in chosen] if s is None else list(s)
    return chosen, [shape[k] if n in (-1, None) else n for k, n in zip(chosen, lengths, strict=True)]


def with_length(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    """The shape with another length along one axis."""
    axis %= len(shape)
    return (*shape[:axis], n, *shape[axis + 1 :])


def rfft_pullback(g: Any, m: Form, n: int | None, axis: int, norm: Any) -> Tangent:
    """The cotangent of a real operand of rfft."""
    n = shape_of(m)[axis] if n is None else n
    filled = resized(g, with_length(g.shape, axis, n))
    return returned(np.real(np.fft.fft(filled, axis=axis, norm=norm)), m)


def rfftn_pullback(g: Any, m: Form, s: Any, axes: Any, norm: Any) -> Tangent:
    """The cotangent of a real operand of rfftn; the last of the axes is the halved one."""
    chosen, lengths = transform_lengths(m, s, axes)
    filled = resized(g, with_length(g.shape, chosen[-1], lengths[-1]))
    return returned(np.real(np.fft.fftn(filled, axes=chosen, norm=norm)), m)


def half_spectrum(g: Array, n: int, axis: int, norm: Any) -> Array:
    """The cotangent of the coefficients from which irfft makes n real numbers; `norm` is irfft's."""
    t: Array = np.conj(np.fft.rfft(g, axis=axis, norm=SWAPPED[norm]))
    k = np.arange(n // 2 + 1)
    twice = np.where((k == 0) | (2 * k == n), 1.0, 2.0).astype(g.dtype)
    along: Array = np.reshape(twice, [-1 if j == axis % g.ndim else 1 for j in range(g.ndim)])
    return t * along


def irfft_pullback(g: Array, m: Form, axis: int, norm: Any) -> Tangent:
    """The cotangent of the operand of irfft."""
    return returned(half_spectrum(g, g.shape[axis], axis, norm), m)


def irfftn_pullback(g: Array, m: Form, s: Any, axes: Any, norm: Any) -> Tangent:
    """The cotangent of the operand of irfftn: irfft along the last axis, ifft along the others."""
    chosen, _ = transform_lengths(m, s, axes)
    t = half_spectrum(g, g.shape[chosen[-1]], chosen[-1], norm)
    return returned(np.fft.ifftn(t, axes=chosen[:-1], norm=norm) if chosen[:-1] else t, m)


constant(transform_lengths, with_length)
rule(resized, "t, shape", t="resized(g, np.shape(t))", _linear="t", _returns="array", _alias=True)

transform: Any
for transform in (np.fft.fft, np.fft.ifft):
    rule(
        transform,
        "a, n=None, axis=-1, norm=None",
        a=f"returned(np.fft.{transform.__name__}(g, axis=axis, norm=norm), form(a))",
        _linear="a",
        _returns="array",
    )
for transform in (np.fft.fftn, np.fft.ifftn, np.fft.fft2, np.fft.ifft2):
    rule(
        transform,
        f"a, s=None, axes={'(-2, -1)' if transform.__name__.endswith('2') else 'None'}, norm=None",
        a=f"returned(np.fft.{transform.__name__.replace('2', 'n')}"
        "(g, axes=transform_lengths(form(a), s, axes)[0], norm=norm), form(a))",
        _linear="a",
        _returns="array",
        _alias=True,  # (along no axes it is the operand)
    )
rule(
    np.fft.rfft,
    "a, n=None, axis=-1, norm=None",
    a="rfft_pullback(g, form(a), n, axis, norm)",
    _linear="a",
    _returns="array",
)
rule(
    np.fft.irfft,
    "a, n=None, axis=-1, norm=None",
    a="irfft_pullback(g, form(a), axis, norm)",
    _linear="a",
    _returns="array",
)
rule(
    np.fft.hfft,
    "a, n=None, axis=-1, norm=None",
    a="returned(np.conj(half_spectrum(g, g.shape[axis], axis, SWAPPED[norm])), form(a))",
    _linear="a",
    _returns="array",
)
rule(
    np.fft.ihfft,
    "a, n=None, axis=-1, norm=None",
    a="rfft_pullback(np.conj(g), form(a), n, axis, SWAPPED[norm])",
    _linear="a",
    _returns="array",
)
for transform, axes_default in ((np.fft.rfftn, "None"), (np.fft.rfft2, "(-2, -1)")):
    rule(
        transform,
        f"a, s=None, axes={axes_default}, norm=None",
        a="rfftn_pullback(g, form(a), s, axes, norm)",
        _linear="a",
        _returns="array",
    )
for transform, axes_default in ((np.fft.irfftn, "None"), (np.fft.irfft2, "(-2, -1)")):
    rule(
        transform,
        f"a, s=None, axes={axes_default}, norm=None",
        a="irfftn_pullback(g, form(a), s, axes, norm)",
        _linear="a",
        _returns="array",
    )
rule(np.fft.fftshift, "x, axes=None", x="restore(np.fft.ifftshift(g, axes), form(x))", _linear="x", _returns="array")
rule(np.fft.ifftshift, "x, axes=None", x="restore(np.fft.fftshift(g, axes), form(x))", _linear="x", _returns="array")
for transform in (np.fft.fftfreq, np.fft.rfftfreq):
    rule(
        transform,
        "n, d=1.0, device=None",
        d="restore(-np.sum(g * y) / d, form(d))",
        d_dot="y * (-d_dot / d)",
        _returns="array",
    )
