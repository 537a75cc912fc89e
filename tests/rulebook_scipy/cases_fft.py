"""Calls for the rules of pullback.rulebook.scipy_fft: (function, args, kwargs, differentiated operands)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import fft

MODULES = ["pullback.rulebook.scipy_fft"]
Case = tuple[Any, tuple[Any, ...], dict[str, Any], tuple[Any, ...]]
R = np.random.default_rng(17)
NORMS = (None, "ortho", "forward")


def real(*shape: int) -> Any:
    return R.standard_normal(shape)


def cplx(*shape: int) -> Any:
    return real(*shape) + 1j * real(*shape)


WAVES = ("dct", "idct", "dst", "idst")

CASES: list[Case] = [
    *[(f, (cplx(5),), {"norm": norm}, (0,)) for f in (fft.fft, fft.ifft, fft.hfft, fft.irfft) for norm in NORMS],
    *[(f, (real(6),), {"norm": norm}, (0,)) for f in (fft.fft, fft.rfft, fft.ihfft) for norm in NORMS],
    *[
        (f, (x(3, 5), n, axis), {}, (0,))
        for f, x in ((fft.fft, cplx), (fft.ifft, real), (fft.rfft, real), (fft.ihfft, real), (fft.irfft, cplx),
                     (fft.hfft, cplx))
        for n, axis in ((4, 0), (7, -1), (3, 1))
    ],
    *[
        (getattr(fft, f + suffix), (x(2, 3, 4),), {"norm": norm}, (0,))
        for f, x in (("fft", cplx), ("ifft", cplx), ("rfft", real), ("irfft", cplx), ("hfft", cplx), ("ihfft", real))
        for suffix, norm in (("2", None), ("n", "ortho"), ("n", "forward"))
    ],
    *[
        (f, (x(3, 4, 2), (4, 3), (2, 0)), {"norm": "forward"}, (0,))
        for f, x in ((fft.fftn, cplx), (fft.rfftn, real), (fft.irfftn, cplx), (fft.hfftn, cplx), (fft.ihfftn, real))
    ],
    (fft.fftn, (cplx(3, 4), 5, 1), {}, (0,)),
    (fft.rfft2, (real(3, 4),), {"axes": (1, 0)}, (0,)),
    *[
        (getattr(fft, f), (real(5),), {"type": kind, "norm": norm, "orthogonalize": o}, (0,))
        for f in WAVES
        for kind in (1, 2, 3, 4)
        for norm in NORMS
        for o in (None, True, False)
    ],
    *[(getattr(fft, f), (real(3, 4), *more), {}, (0,)) for f in WAVES for more in ((2, 5, 0), (3, 3, 1))],
    *[(getattr(fft, f + "n"), (real(3, 4),), {"norm": norm}, (0,)) for f in WAVES for norm in (None, "ortho")],
    *[(getattr(fft, f + "n"), (real(3, 4, 2), 3, (2, 4), (2, 0)), {}, (0,)) for f in WAVES],
    (fft.dct, (cplx(4),), {}, (0,)),
    (fft.dst, (real(4).astype(np.float32),), {"type": 3}, (0,)),
    (fft.fht, (np.array([0.5, 1.0, 2.0, 1.5]), 0.1, 0.5), {"offset": 0.2, "bias": 0.1}, (0,)),
    (fft.fht, (np.arange(1.0, 9.0).reshape(2, 4) ** 0.5, 0.1, 0.5), {}, (0,)),
    (fft.fftshift, (real(3, 4), 1), {}, (0,)),
    (fft.ifftshift, (real(5),), {}, (0,)),
    (fft.fftfreq, (5,), {"d": 0.5}, ("d",)),
    (fft.rfftfreq, (6, 1.5), {}, (1,)),
]
