"""The same source under another library: `np` and `math` become that library's modules.

    under(gmm, np=autograd.numpy)      the function, and those of its module that it calls, with another `np`

So each peer runs the very program that is differentiated here, where it can. PyTorch runs eagerly, JAX is
jitted (ints and what is not differentiated are closed over), autograd is as it is.
"""

from __future__ import annotations

import importlib.util
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from case import Case, repeated


def has(library: str) -> bool:
    """Whether a peer is installed."""
    return importlib.util.find_spec(library) is not None


def under(f: Any, **modules: Any) -> Any:
    """`f` with other values for some globals of its module, for the functions there that it calls too."""
    names: dict[str, Any] = dict(f.__globals__)
    for key, value in list(names.items()):
        if isinstance(value, types.FunctionType) and value.__globals__ is f.__globals__:
            names[key] = types.FunctionType(value.__code__, names, key, value.__defaults__, value.__closure__)
            names[key].__kwdefaults__ = value.__kwdefaults__
    names.update(modules)
    return types.FunctionType(f.__code__, names, f.__name__, f.__defaults__, f.__closure__)


def positions(case: Case) -> tuple[int, ...]:
    """The arguments that are differentiated."""
    if case.wrt is not None:
        return case.wrt
    return tuple(i for i, a in enumerate(case.args) if isinstance(a, float) or getattr(a, "dtype", np.int8).kind == "f")


class _Torch:
    """NumPy's names, by PyTorch's functions."""

    def __getattr__(self, name: str) -> Any:
        import torch

        special = {
            "max": lambda a, axis=None, keepdims=False: torch.amax(a, axis, keepdims) if axis is not None else a.max(),
            "min": lambda a, axis=None, keepdims=False: torch.amin(a, axis, keepdims) if axis is not None else a.min(),
            "zeros": lambda shape: torch.zeros(shape, dtype=torch.float64),
            "array": lambda parts: torch.stack([torch.as_tensor(p, dtype=torch.float64) for p in parts]),
            "ndim": lambda a: a.dim(),
            "float64": torch.float64,
            "pi": math.pi,
        }
        found = special[name] if name in special else getattr(torch, name)
        if name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "hypot"):
            found = _of_numbers_too(found, getattr(math, name))
        setattr(self, name, found)
        return found


def _of_numbers_too(of_tensors: Any, of_floats: Any) -> Any:
    return lambda x, *more: of_tensors(x, *more) if hasattr(x, "dim") else of_floats(x, *more)


def _tensor(x: Any, leaf: bool) -> Any:
    import torch

    if isinstance(x, (float, np.ndarray)):
        t = torch.tensor(x)
        if isinstance(x, float):
            t = t.double()
        return t.requires_grad_() if leaf else t
    if isinstance(x, dict):
        return {k: _tensor(v, leaf) for k, v in x.items()}
    return x


def torch_gradient(case: Case) -> Callable[[], Any]:
    """PyTorch, eager."""
    import torch

    torch.set_num_threads(1)
    shim: Any = _Torch()
    f = under(case.f, np=shim, math=shim)
    chosen = positions(case)
    args = [_tensor(a, i in chosen) for i, a in enumerate(case.args)]
    leaves = [t for i in chosen for t in (args[i].values() if isinstance(args[i], dict) else [args[i]])]
    return repeated(lambda: torch.autograd.grad(f(*args), leaves), case.calls)


def jax_gradient(case: Case) -> Callable[[], Any]:
    """JAX, jitted."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    f = under(case.f, np=jnp, math=jnp)
    chosen = positions(case)
    fixed = list(case.args)

    def of_active(*active: Any) -> Any:
        given = list(fixed)
        for i, value in zip(chosen, active, strict=True):
            given[i] = value
        return f(*given)

    g = jax.jit(jax.grad(of_active, tuple(range(len(chosen)))))
    active = [jax.tree.map(jnp.asarray, case.args[i]) for i in chosen]
    return repeated(lambda: jax.block_until_ready(g(*active)), case.calls)


def autograd_gradient(case: Case) -> Callable[[], Any]:
    """autograd."""
    import autograd
    import autograd.numpy as anp

    g = autograd.grad(under(case.f, np=anp, math=anp), positions(case))
    args = case.args
    return repeated(lambda: g(*args), case.calls)


AUTO: dict[str, Callable[[Case], Callable[[], Any]]] = {
    "torch": torch_gradient,
    "jax": jax_gradient,
    "autograd": autograd_gradient,
}


def makers(case: Case) -> dict[str, Callable[[], Callable[[], Any]]]:
    """The peers of a case that are installed, by name."""
    found = {name: make for name, make in case.peers.items() if has(name.split(",")[0])}
    for name in case.auto.split():
        if has(name) and name not in found:
            found[name] = lambda make=AUTO[name]: make(case)  # type: ignore[misc]
    return found


def njit(f: Callable[..., Any], *args: Any) -> Callable[[], Callable[[], Any]]:
    """A maker of a function compiled by Numba, called with `args`."""

    def make() -> Callable[[], Any]:
        import numba

        compiled = numba.njit(f)
        compiled(*args)
        return lambda: compiled(*args)

    return make
