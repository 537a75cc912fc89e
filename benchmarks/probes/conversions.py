"""Probes 11 to 13 and 17 to 20: `float`, `math`, C; integers; paths that carry no derivative; complex `abs`."""

from __future__ import annotations

import ctypes
import ctypes.util
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import pullback as pb
from probes.judging import SPEAK, jax_in_double, on_scalars, probe, torch_gradient

LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
LIBM.exp.restype, LIBM.exp.argtypes = ctypes.c_double, [ctypes.c_double]
LIBM.cosh.restype, LIBM.cosh.argtypes = ctypes.c_double, [ctypes.c_double]


# 11, 12, 13 -- real values go through float(), math and C ------------------------------------------------------------


def _with_float(x):
    return x * x + float(x)


def _with_math_sin(x):
    return x * x + math.sin(x)


def _with_libm_exp(x):
    return x * x + LIBM.exp(x)


def _with_libm_cosh(x):
    return x * x + LIBM.cosh(x)


@pb.derivative(of=LIBM.exp)
def _libm_exp_vjp(x):
    y = LIBM.exp(x)
    return y, lambda v: v * y


on_scalars(11, "`float(x)` of a float", _with_float, 3.0, 7.0)
on_scalars(11, "`float(x)` of a NumPy scalar", _with_float, np.float32(3.0), 7.0)
on_scalars(11, "`float(x)` of a 0-d array", _with_float, np.array(3.0), 7.0)
on_scalars(12, "`math.sin(x)`", _with_math_sin, 3.0, 6.0 + math.cos(3.0))
on_scalars(13, "`libm.exp(x)` through ctypes, with a rule", _with_libm_exp, 1.0, 2.0 + math.e)
on_scalars(13, "`libm.cosh(x)` through ctypes, without one", _with_libm_cosh, 1.0, 2.0 + math.sinh(1.0))


# 17 -- integers ------------------------------------------------------------------------------------------------------


def _torch_integer(f: Callable[..., Any], at: Any) -> Any:
    import torch

    x = torch.tensor(at, requires_grad=True)
    f(x).backward()
    return x.grad


@probe(17, "an integer input", 6.5)
class _:
    @staticmethod
    def pullback() -> Any:
        return pb.gradient(lambda x: x * x + x / 2)(3)

    @staticmethod
    def jax() -> Any:
        return jax_in_double().grad(lambda x: x * x + x / 2)(3)

    @staticmethod
    def torch() -> Any:
        return _torch_integer(lambda x: x * x + x / 2, 3)

    @staticmethod
    def autograd() -> Any:
        import autograd

        return autograd.grad(lambda x: x * x + x / 2)(3)


@probe(17, "an integer array", [0.5, 0.5])
class _:
    @staticmethod
    def pullback() -> Any:
        return pb.gradient(lambda a: np.sum(a / 2))(np.array([1, 2]))

    @staticmethod
    def jax() -> Any:
        return jax_in_double().grad(lambda a: (a / 2).sum())(np.array([1, 2]))

    @staticmethod
    def torch() -> Any:
        return _torch_integer(lambda a: (a / 2).sum(), [1, 2])

    @staticmethod
    def autograd() -> Any:
        import autograd
        import autograd.numpy as anp

        return autograd.grad(lambda a: anp.sum(a / 2))(np.array([1, 2]))


# 18, 19 -- paths that carry no derivative ----------------------------------------------------------------------------


@probe(18, "`round` on the only path", SPEAK)
class _:
    @staticmethod
    def pullback() -> Any:
        return pb.gradient(lambda x: round(x) * 2.0)(2.6)

    @staticmethod
    def jax() -> Any:
        return jax_in_double().grad(lambda x: round(x) * 2.0)(2.6)

    @staticmethod
    def torch() -> Any:
        return torch_gradient(lambda x: x.round() * 2.0, 2.6)

    @staticmethod
    def autograd() -> Any:
        import autograd
        import autograd.numpy as anp

        return autograd.grad(lambda x: anp.round(x) * 2.0)(2.6)


@probe(18, "`argmax` on the only path", SPEAK)
class _:
    @staticmethod
    def pullback() -> Any:
        return pb.gradient(lambda a: np.argmax(a) * 2.0)(np.array([1.0, 3.0, 2.0]))

    @staticmethod
    def jax() -> Any:
        return jax_in_double().grad(lambda a: a.argmax() * 2.0)(jax_in_double().numpy.array([1.0, 3.0, 2.0]))

    @staticmethod
    def torch() -> Any:
        return torch_gradient(lambda a: a.argmax() * 2.0, [1.0, 3.0, 2.0])

    @staticmethod
    def autograd() -> Any:
        import autograd
        import autograd.numpy as anp

        return autograd.grad(lambda a: anp.argmax(a) * 2.0)(np.array([1.0, 3.0, 2.0]))


on_scalars(18, "`float(int(x))` on the only path", lambda x: float(int(x)) * 2.0, 2.6, SPEAK)
on_scalars(19, "a result that does not depend on the input", lambda x: 0.0 + math.pi, 2.0, SPEAK)


# 20 -- complex abs: df/dx - i df/dy, as in JAX and autograd; torch documents the conjugate ---------------------------


def _complex_abs(title: str, at: complex, expected: complex) -> None:
    @probe(20, title, expected, torch=expected.conjugate())
    class _:
        @staticmethod
        def pullback() -> Any:
            return pb.gradient(lambda z: abs(z))(at)

        @staticmethod
        def jax() -> Any:
            return jax_in_double().grad(lambda z: abs(z))(at)

        @staticmethod
        def torch() -> Any:
            import torch

            z = torch.tensor(at, requires_grad=True)
            abs(z).backward()
            return z.grad

        @staticmethod
        def autograd() -> Any:
            import autograd
            import autograd.numpy as anp

            return autograd.grad(lambda z: anp.abs(z))(at)


_complex_abs("complex `abs`", 3.0 + 4.0j, 0.6 - 0.8j)
_complex_abs("complex `abs` at zero", 0j, 0j)
