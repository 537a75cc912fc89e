"""Derivatives of scipy.fft: the transforms of np.fft, and those by cosines and sines.

    y = fft(x, n)    ->  fft(g), as in `numpy_fft`
    y = dct(x, 2)    ->  the transposed matrix times g: dct(., 3) with another scale, as every type's transpose is

All are linear. Where the matrix is a number times an orthogonal one, its transpose is a number times its inverse;
elsewhere it is another type's matrix, up to the scale of one entry.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import fft

from pullback.rulebook.array_likes import Array, Form, form, restore
from pullback.rulebook.numpy_fft import SWAPPED, half_spectrum, resized, returned, transform_lengths, with_length
from pullback.rules import constant, rule
from pullback.tangents import Tangent

IN_TEMPLATES = (form, half_spectrum, returned, SWAPPED)


def several_back(g: Any, m: Form, name: str, s: Any, axes: Any, norm: Any) -> Tangent:
    """The cotangent of the operand of a transform along several axes."""
    s = (s,) if isinstance(s, int) else s
    axes = (axes,) if isinstance(axes, int) else axes
    chosen, lengths = transform_lengths(m, s, axes)
    if name in ("fft", "ifft"):
        forward = fft.fftn if name == "fft" else fft.ifftn
        return returned(forward(g, axes=chosen, norm=norm), m)
    if name in ("rfft", "ihfft"):
        filled = resized(np.conj(g) if name == "ihfft" else g, with_length(g.shape, chosen[-1], lengths[-1]))
        scale = norm if name == "rfft" else SWAPPED[norm]
        return returned(np.real(fft.fftn(filled, axes=chosen, norm=scale)), m)
    if name == "irfft":
        t = half_spectrum(g, g.shape[chosen[-1]], chosen[-1], norm)
        return returned(fft.ifftn(t, axes=chosen[:-1], norm=norm) if chosen[:-1] else t, m)
    t = np.conj(half_spectrum(g, g.shape[chosen[-1]], chosen[-1], SWAPPED[norm]))
    return returned(fft.fftn(t, axes=chosen[:-1], norm=norm) if chosen[:-1] else t, m)


# Cosines and sines


def transposed(g: Array, name: str, kind: int, axis: int, norm: Any, orthogonalize: Any) -> Array:
    """The transpose of one transform along an axis, which keeps the length."""
    even = name in ("dct", "idct")
    if name in ("idct", "idst"):  # those are the transforms of the opposite type, with the opposite scale
        norm = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}[norm]
        kind = {1: 1, 2: 3, 3: 2, 4: 4}[kind]
    forward, inverse = (fft.dct, fft.idct) if even else (fft.dst, fft.idst)
    n = g.shape[axis]
    full = 2 * (n - 1 if even and kind == 1 else n + 1 if kind == 1 else n)
    square = {None: float(full), "backward": float(full), "ortho": 1.0, "forward": 1.0 / full}[norm]
    if orthogonalize is None:
        orthogonalize = norm == "ortho"
    if orthogonalize or kind == 4 or (kind == 1 and not even):
        t: Array = square * inverse(g, kind, axis=axis, norm=norm, orthogonalize=orthogonalize)
        return t
    place = [slice(None)] * g.ndim
    place[axis] = slice(0, 1) if even else slice(n - 1, n)
    ends = (*place,)
    if kind == 1:  # the entries at both ends count once, all others twice
        w = np.ones([n if k == axis % g.ndim else 1 for k in range(g.ndim)])
        w[ends] = 0.5
        place[axis] = slice(n - 1, n)
        w[(*place,)] = 0.5
        scaled: Array = w * forward(g / w, 1, axis=axis, norm=norm, orthogonalize=False)
        return scaled
    if kind == 2:
        t = np.array(g)
        t[ends] *= 2.0
        doubled: Array = forward(t, 3, axis=axis, norm=norm, orthogonalize=False)
        return doubled
    t = np.array(forward(g, 2, axis=axis, norm=norm, orthogonalize=False))
    t[ends] *= 0.5
    return t


def transposed_back(
    g: Array, m: Form, name: str, kind: int, axes: Any, norm: Any, orthogonalize: Any
) -> Tangent:
    """The cotangent of the operand of transforms by cosines or sines along some axes."""
    for axis in axes:
        g = transposed(g, name, kind, axis, norm, orthogonalize)
    return returned(g, m)


def axes_of(m: Form, s: Any, axes: Any) -> list[int]:
    """The axes of a transform along several."""
    s = (s,) if isinstance(s, int) else s
    return transform_lengths(m, s, (axes,) if isinstance(axes, int) else axes)[0]


_MORE = "norm=None, *, workers=None"  # (`overwrite_x` is refused, and False left out: see `numpy_options`)
for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    for _suffix, _s, _axes in (("", "n", "axis=-1"), ("2", "s", "axes=(-2, -1)"), ("n", "s", "axes=None")):
        _given = "s, axes" if _suffix else "None if n is None else (n,), (axis,)"
        rule(
            getattr(fft, _name + _suffix),
            f"x, {_s}=None, {_axes}, {_MORE}, plan=None",
            x=f"several_back(g, form(x), '{_name}', {_given}, norm)",
            _linear="x",
            _returns="array",
            _alias=True,  # (along no axes it is the operand)
        )
for _name in ("dct", "idct", "dst", "idst"):
    rule(
        getattr(fft, _name),
        f"x, type=2, n=None, axis=-1, {_MORE}, orthogonalize=None",
        x=f"transposed_back(g, form(x), '{_name}', type, (axis,), norm, orthogonalize)",
        _linear="x",
        _returns="array",
    )
    rule(
        getattr(fft, _name + "n"),
        f"x, type=2, s=None, axes=None, {_MORE}, orthogonalize=None",
        x=f"transposed_back(g, form(x), '{_name}', type, axes_of(form(x), s, axes), norm, orthogonalize)",
        _linear="x",
        _returns="array",
        _alias=True,
    )
def fht_back(g: Array, dln: Any, mu: Any, offset: Any, bias: Any) -> Array:
    """The transpose of a fast Hankel transform, by its matrix."""
    n = g.shape[-1]
    matrix = np.asarray(fft.fht(np.eye(n), dln, mu, offset, bias))
    return np.asarray(g @ matrix.T)


rule(
    fft.fht,
    "a, dln, mu, offset=0.0, bias=0.0",
    a="restore(fht_back(g, dln, mu, offset, bias), form(a))",
    _linear="a",
    _returns="array",
)
for _shift, _back in ((fft.fftshift, "ifftshift"), (fft.ifftshift, "fftshift")):
    rule(_shift, "x, axes=None", x=f"restore(np.fft.{_back}(g, axes), form(x))", _linear="x", _returns="array")
for _places in (fft.fftfreq, fft.rfftfreq):
    rule(
        _places,
        "n, d=1.0, *, xp=None, device=None",
        d="restore(-np.sum(g * y) / d, form(d))",
        d_dot="y * (-d_dot / d)",
        _returns="array",
    )
constant(axes_of)
constant(fft.next_fast_len, fft.prev_fast_len, fft.get_workers, fft.set_workers, fft.fhtoffset)
