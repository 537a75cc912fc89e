"""Calls for the rules of pullback.rulebook.numpy_fft: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pullback.rulebook.numpy_fft import resized

MODULE = "pullback.rulebook.numpy_fft"
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(13)
F = np.fft
NORMS = (None, "backward", "ortho", "forward")


def arr(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return arr(*shape) + 1j * arr(*shape)


CASES: list[Case] = [
    *[(f, (cplx(5),), {"norm": norm}, (0,)) for f in (F.fft, F.ifft) for norm in NORMS],
    *[(f, (arr(6),), {"norm": norm}, (0,)) for f in (F.fft, F.ifft, F.rfft, F.ihfft) for norm in NORMS],
    *[(f, (cplx(4),), {"norm": norm}, (0,)) for f in (F.irfft, F.hfft) for norm in NORMS],
    *[
        (f, (arr(3, 5), n, axis), {}, (0,))
        for f in (F.fft, F.ifft, F.rfft, F.ihfft)
        for n in (2, 4, 7)
        for axis in (0, -1)
    ],
    *[(f, (cplx(3, 5), n, axis), {}, (0,)) for f in (F.fft, F.irfft, F.hfft) for n in (2, 5, 8, 11) for axis in (0, 1)],
    *[(f, (cplx(3, 4, 5),), {}, (0,)) for f in (F.fftn, F.ifftn, F.fft2, F.ifft2, F.irfftn, F.irfft2)],
    *[(f, (arr(3, 4, 5),), {}, (0,)) for f in (F.fftn, F.ifft2, F.rfftn, F.rfft2)],
    *[
        (f, (x(3, 4, 5), s, axes), {"norm": norm}, (0,))
        for f, x in ((F.fftn, cplx), (F.ifftn, cplx), (F.rfftn, arr), (F.irfftn, cplx), (F.fft2, arr), (F.rfft2, arr))
        for s, axes, norm in (((6, 3), (0, 2), "ortho"), ((2, 7), (2, 1), "forward"), (None, (1, 0), None))
    ],
    (F.irfft2, (cplx(2, 3, 4), (3, 5)), {}, (0,)),
    (F.irfftn, (cplx(2, 5), None, (1,)), {}, (0,)),
    (F.irfft, (arr(5),), {}, (0,)),
    (F.irfft, (arr(5), 7), {}, (0,)),
    (F.fft, ([1.0, 2.0, 3.0],), {}, (0,)),
    (F.rfft, ([1.0, 2.0, 3.0],), {}, (0,)),
    (F.fft, (arr(5).astype(np.float32),), {}, (0,)),
    (F.rfft, (arr(5).astype(np.float32),), {}, (0,)),
    (F.irfft, (cplx(5).astype(np.complex64),), {}, (0,)),
    (F.fftshift, (arr(4, 5),), {}, (0,)),
    (F.fftshift, (arr(4, 5), 1), {}, (0,)),
    (F.ifftshift, (cplx(5),), {}, (0,)),
    (F.ifftshift, (arr(4, 5), (0, 1)), {}, (0,)),
    (F.fftfreq, (5, 0.5), {}, (1,)),
    (F.rfftfreq, (6,), {"d": 1.5}, ("d",)),
    (resized, (arr(3, 4), (2, 6)), {}, (0,)),
]
