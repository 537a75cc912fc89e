"""The twenty probes of silently wrong gradients: one small program each, for this library and its peers.

A probe knows the right number, from a closed form. A library that returns it is right; one that raises
or warns has said so; one that returns anything else without a word is wrong.

    run(probe_of("math.sin"), "torch")   ->   Outcome("WRONG", "6.0 instead of 5.01")

`tests/test_silent_wrong.py` runs the probes on pullback, `benchmarks/silent_wrong.py` on whatever is installed.
Peers are imported only where a program of theirs runs. Kinds of probe: a number (`expected`), "must not
return" (a rule is malformed, no right number exists), "must speak" (the derivative is zero because the path is cut).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import random
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import pullback as pb
import pullback.nn

Program = Callable[[], Any]
LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
LIBM.exp.restype, LIBM.exp.argtypes = ctypes.c_double, [ctypes.c_double]
LIBM.cosh.restype, LIBM.cosh.argtypes = ctypes.c_double, [ctypes.c_double]
NAMES = ("pullback", "jax", "torch", "autograd")


@dataclass
class Probe:
    """One question: its number among the twenty, what is asked, the right answer, a program per library."""

    number: int
    title: str
    expected: Any  # numbers; NOTHING where only an error is right; SPEAK where zero must not be silent
    programs: dict[str, Program] = field(default_factory=dict)
    also: dict[str, Any] = field(default_factory=dict)  # what is right by another library's documented convention


@dataclass(frozen=True)
class Outcome:
    """`right`, `error`, `warning`, `WRONG`, or `absent` where a library has no such feature; and what was seen."""

    verdict: str
    detail: str = ""


NOTHING = "an error: there is no right number"
SPEAK = "0, and a word about it"
PROBES: list[Probe] = []


class Absent(Exception):
    """The library has nothing of the kind."""


def probe_of(title: str) -> Probe:
    """The probe whose title contains a text."""
    return next(p for p in PROBES if title in p.title)


def run(probe: Probe, library: str) -> Outcome:
    """Run one probe and judge what comes back."""
    program = probe.programs.get(library)
    if program is None:
        return Outcome("absent")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            got = program()
        except Absent as reason:
            return Outcome("absent", str(reason))
        except Exception as error:
            return Outcome("error", f"{type(error).__name__}: {_first_line(str(error))}")
    said = [w for w in seen if _is_about_derivatives(w)]
    if said:
        return Outcome("warning", f"{said[0].category.__name__}: {_first_line(str(said[0].message))}")
    right = probe.also.get(library, probe.expected)
    if not isinstance(right, str) and _close(got, right):
        return Outcome("right", f"{_short(got)}")
    return Outcome("WRONG", f"{_short(got)} instead of {_short(right)}")


def _is_about_derivatives(w: warnings.WarningMessage) -> bool:
    text = str(w.message)
    return not issubclass(w.category, (DeprecationWarning, PendingDeprecationWarning)) and "non-writable" not in text


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:110]


def _numbers(x: Any) -> list[complex]:
    if x is None:
        return [complex("nan")]  # a missing gradient equals nothing, unless that is what is expected
    if isinstance(x, dict):
        return [n for v in x.values() for n in _numbers(v)]
    if isinstance(x, (tuple, list)):
        return [n for v in x for n in _numbers(v)]
    try:
        return [complex(n) for n in np.ravel(np.asarray(x))]
    except TypeError:  # a tracer that escaped is no number
        return [complex("nan")]


def _close(got: Any, right: Any) -> bool:
    a, b = _numbers(got), _numbers(right)
    return len(a) == len(b) and bool(np.allclose(a, b, rtol=1e-5, atol=1e-9, equal_nan=right is None))


def _short(x: Any) -> str:
    if isinstance(x, str):
        return x
    shown = [f"{n.real:.6g}" if n.imag == 0 else f"{n:.6g}" for n in _numbers(x)]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def probe(number: int, title: str, expected: Any, **also: Any) -> Callable[[type], type]:
    """Class decorator: each static method of the class is the program of the library it is named after."""

    def collect(programs: type) -> type:
        found = {n: getattr(programs, n) for n in NAMES if hasattr(programs, n)}
        PROBES.append(Probe(number, title, expected, found, also))
        return programs

    return collect


def _jax() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def _torch_gradient(f: Callable[..., Any], *values: Any) -> Any:
    """What `backward` leaves in `.grad`, in double precision; None is a missing gradient."""
    import torch

    torch.set_warn_always(True)  # some of its warnings come once in a process
    inputs = [torch.tensor(np.asarray(v), dtype=torch.float64, requires_grad=True) for v in values]
    f(*inputs).backward()
    found = [None if t.grad is None else t.grad.numpy() for t in inputs]
    return found[0] if len(found) == 1 else tuple(found)


# 1, 2 -- what a rule, or a recomputed function, closes over ------------------------------------------------------


@probe(1, "a custom rule that closes over a differentiated value", 6.0)
class _:
    @staticmethod
    def pullback() -> Any:
        def f(x):
            scaled = pb.differentiable_function(lambda t: (x * t, lambda v: v * x))
            return scaled(x)

        return pb.gradient(f)(3.0)

    @staticmethod
    def jax() -> Any:
        jax = _jax()

        def f(x):
            scaled = jax.custom_vjp(lambda t: x * t)
            scaled.defvjp(lambda t: (x * t, None), lambda _, v: (v * x,))
            return scaled(x)

        return jax.grad(f)(3.0)

    @staticmethod
    def torch() -> Any:
        import torch

        def f(x):
            class Scaled(torch.autograd.Function):
                @staticmethod
                def forward(ctx, t):
                    return x * t

                @staticmethod
                def backward(ctx, v):
                    return v * x

            return Scaled.apply(x)

        return _torch_gradient(f, 3.0)

    @staticmethod
    def autograd() -> Any:
        import autograd
        from autograd.extend import defvjp, primitive

        def f(x):
            scaled = primitive(lambda t: x * t)
            defvjp(scaled, lambda ans, t: lambda v: v * x)
            return scaled(x)

        return autograd.grad(f)(3.0)


@probe(2, "a recomputed function that closes over a differentiated value", 6.0)
class _:
    @staticmethod
    def pullback() -> Any:
        def f(x):
            return pb.recomputed(lambda t: x * t)(x)

        return pb.gradient(f)(3.0)

    @staticmethod
    def jax() -> Any:
        jax = _jax()
        return jax.grad(lambda x: jax.checkpoint(lambda t: x * t)(x))(3.0)

    @staticmethod
    def torch() -> Any:
        from torch.utils.checkpoint import checkpoint

        return _torch_gradient(lambda x: checkpoint(lambda t: x * t, x, use_reentrant=False), 3.0)

    @staticmethod
    def autograd() -> Any:
        import autograd
        from autograd.differential_operators import checkpoint

        return autograd.grad(lambda x: checkpoint(lambda t: x * t)(x))(3.0)


# 3 -- a recomputation must save memory: the answer is (1, 1) for "less than half of what is kept without it" -----

SIZE, DEPTH, BLOCKS = 100_000, 10, 4


def _chain(x):
    for _ in range(DEPTH):
        x = np.sin(x) * 1.01
    return x


def _blocks(x, block):
    for _ in range(BLOCKS):
        x = block(x)
    return x


def _kept_by_pullback(block: Any) -> int:
    x = np.linspace(0.0, 1.0, SIZE)
    f = lambda x: _blocks(x, block)
    pb.value_with_pullback(f, wrt="x")(x)  # generated once, before memory is counted
    tracemalloc.start()
    held = pb.value_with_pullback(f, wrt="x")(x)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del held
    return kept


@probe(3, "a recomputation that saves no memory", 1.0)
class _:
    @staticmethod
    def pullback() -> Any:
        return float(_kept_by_pullback(pb.recomputed(_chain)) < 0.5 * _kept_by_pullback(_chain))

    @staticmethod
    def jax() -> Any:
        jax = _jax()
        import jax.numpy as jnp

        def chain(x):
            for _ in range(DEPTH):
                x = jnp.sin(x) * 1.01
            return x

        def kept(block):
            pull = jax.vjp(lambda x: _blocks(x, block), jnp.linspace(0.0, 1.0, SIZE))[1]
            return sum(leaf.nbytes for leaf in jax.tree_util.tree_leaves(pull))

        return float(kept(jax.checkpoint(chain)) < 0.5 * kept(chain))

    @staticmethod
    def torch() -> Any:
        import torch
        from torch.utils.checkpoint import checkpoint

        def chain(x):
            for _ in range(DEPTH):
                x = torch.sin(x) * 1.01
            return x

        def kept(block):
            held = {}

            def pack(t):
                held[t.data_ptr()] = t.nbytes
                return t

            x = torch.linspace(0, 1, SIZE, dtype=torch.float64, requires_grad=True)
            with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
                y = _blocks(x, block)
            return sum(held.values()) + y.nbytes

        return float(kept(lambda x: checkpoint(chain, x, use_reentrant=False)) < 0.5 * kept(chain))

    @staticmethod
    def autograd() -> Any:
        import autograd.numpy as anp
        from autograd.core import make_vjp
        from autograd.differential_operators import checkpoint

        def chain(x):
            for _ in range(DEPTH):
                x = anp.sin(x) * 1.01
            return x

        def kept(block):
            tracemalloc.start()
            held = make_vjp(lambda x: _blocks(x, block), np.linspace(0.0, 1.0, SIZE))
            size = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            del held
            return size

        return float(kept(checkpoint(chain)) < 0.5 * kept(chain))


# 4, 5 -- a recomputation that computes something else the second time --------------------------------------------


def _square(u):
    return u * u


@probe(4, "a recomputation after state has changed", 24.0)
class _:
    @staticmethod
    def pullback() -> Any:
        state = {"k": 2.0}
        square = pb.recomputed(lambda t: _square(t * state["k"]))
        pull = pb.pullback(lambda x: square(x))(3.0)
        state["k"] = 7.0
        return pull(1.0)

    @staticmethod
    def jax() -> Any:
        jax = _jax()
        state = {"k": 2.0}
        pull = jax.vjp(jax.checkpoint(lambda t: _square(t * state["k"])), 3.0)[1]
        state["k"] = 7.0
        return pull(1.0)[0]

    @staticmethod
    def torch() -> Any:
        import torch
        from torch.utils.checkpoint import checkpoint

        state = {"k": 2.0}
        x = torch.tensor(3.0, requires_grad=True)
        y = checkpoint(lambda t: _square(t * state["k"]), x, use_reentrant=False)
        state["k"] = 7.0
        y.backward()
        return x.grad.item()

    @staticmethod
    def autograd() -> Any:
        from autograd.core import make_vjp
        from autograd.differential_operators import checkpoint

        state = {"k": 2.0}
        pull = make_vjp(checkpoint(lambda t: _square(t * state["k"])), 3.0)[0]
        state["k"] = 7.0
        return pull(1.0)


def _is_slope(value: Any, tangent: Any) -> float:
    """1 where the gradient of `(x * noise)²` has the noise of the forward sweep: it is 2 value / x, at x = 3."""
    return float(abs(2.0 * float(value) / 3.0 - float(tangent)) < 1e-6)


def _random_probe(title: str, draw: Callable[[], Callable[[], float]]) -> None:
    """`draw()` makes a source of random numbers; the recomputed function multiplies by one of them."""

    @probe(5, title, 1.0)
    class _:
        @staticmethod
        def pullback() -> Any:
            noise = draw()
            value, pull = pb.value_with_pullback(pb.recomputed(lambda t: _square(t * noise())))(3.0)
            return _is_slope(value, pull(1.0))

        @staticmethod
        def jax() -> Any:
            jax, noise = _jax(), draw()
            value, pull = jax.vjp(jax.checkpoint(lambda t: _square(t * noise())), 3.0)
            return _is_slope(value, pull(1.0)[0])

        @staticmethod
        def torch() -> Any:
            import torch
            from torch.utils.checkpoint import checkpoint

            noise = draw()
            x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
            y = checkpoint(lambda t: _square(t * noise()), x, use_reentrant=False)
            y.backward()
            return _is_slope(y.item(), x.grad.item())

        @staticmethod
        def autograd() -> Any:
            from autograd.core import make_vjp
            from autograd.differential_operators import checkpoint

            noise = draw()
            pull, value = make_vjp(checkpoint(lambda t: _square(t * noise())), 3.0)
            return _is_slope(value, pull(1.0))


def _generator() -> Callable[[], float]:
    rng = np.random.default_rng(5)
    return lambda: rng.random()


_random_probe("a recomputation that draws from `random`", lambda: random.random)
_random_probe("a recomputation that draws from `numpy.random`", lambda: np.random.rand)
_random_probe("a recomputation that draws from the user's generator", _generator)


# 6 -- an input array changed between the forward sweep and the pullback ------------------------------------------


@probe(6, "an input array changed before the pullback", [2.0, 4.0])
class _:
    @staticmethod
    def pullback() -> Any:
        a = np.array([1.0, 2.0])
        pull = pb.pullback(lambda a: np.sum(a * a))(a)
        a[0] = 50.0
        return pull(1.0)

    @staticmethod
    def jax() -> Any:
        jax = _jax()
        a = np.array([1.0, 2.0])
        pull = jax.vjp(lambda a: (a * a).sum(), a)[1]
        a[0] = 50.0
        return pull(np.float64(1.0))[0]

    @staticmethod
    def torch() -> Any:
        import torch

        a = np.array([1.0, 2.0])
        x = torch.from_numpy(a).requires_grad_()
        y = (x * x).sum()
        a[0] = 50.0
        y.backward()
        return x.grad.numpy()

    @staticmethod
    def autograd() -> Any:
        import autograd.numpy as anp
        from autograd.core import make_vjp

        a = np.array([1.0, 2.0])
        pull = make_vjp(lambda a: anp.sum(a * a), a)[0]
        a[0] = 50.0
        return pull(1.0)


# 7, 8, 9 -- a rule whose pullback returns something malformed ----------------------------------------------------


def _malformed(
    number: int, title: str, wrong: Callable[[Any], Any], expected: Any, argument: Any, **also: Any
) -> None:
    """A rule for the sum of an array whose pullback returns `wrong(right tangent)`."""

    @probe(number, title, expected, **also)
    class _:
        @staticmethod
        def pullback() -> Any:
            total = pb.differentiable_function(lambda a: (np.sum(a), lambda v: wrong(np.full(np.shape(a), v))))
            return _as_kept(pb.gradient(lambda a: total(a) * 2.0)(argument), argument)

        @staticmethod
        def jax() -> Any:
            jax = _jax()
            import jax.numpy as jnp

            total = jax.custom_vjp(lambda a: a.sum())
            total.defvjp(lambda a: (a.sum(), None), lambda _, v: (wrong(jnp.full(argument.shape, v)),))
            return _as_kept(jax.grad(lambda a: total(a) * 2.0)(jnp.asarray(argument)), argument)

        @staticmethod
        def torch() -> Any:
            import torch

            class Total(torch.autograd.Function):
                @staticmethod
                def forward(ctx, a):
                    return a.sum()

                @staticmethod
                def backward(ctx, v):
                    return wrong(v * torch.ones(argument.shape, dtype=torch.float64))

            x = torch.tensor(argument, requires_grad=True)
            (Total.apply(x) * 2.0).backward()
            return _as_kept(x.grad, argument)

        @staticmethod
        def autograd() -> Any:
            import autograd
            from autograd.extend import defvjp, primitive

            total = primitive(lambda a: np.sum(a))
            defvjp(total, lambda ans, a: lambda v: wrong(np.full(argument.shape, v)))
            return _as_kept(autograd.grad(lambda a: total(a) * 2.0)(argument), argument)


def _as_kept(t: Any, argument: Any) -> Any:
    """The tangent, or for a float32 argument whether the tangent is float32 too."""
    if argument.dtype == np.float32:
        return float(str(getattr(t, "dtype", "")).endswith("float32"))
    return t


_malformed(7, "a rule that returns the wrong shape", lambda t: t[:1], NOTHING, np.ones(3))
_malformed(8, "a rule that returns the wrong dtype", lambda t: t * np.ones(3), 1.0, np.ones(3, np.float32))
_malformed(9, "a rule that returns one tangent too many", lambda t: (t, t), NOTHING, np.ones(3))
# in JAX and PyTorch, None is the documented way to say zero
_malformed(9, "a rule that returns None", lambda t: None, [2.0, 2.0, 2.0], np.ones(3), jax=[0.0] * 3, torch=None)


# 10 -- forward mode through a function that has a VJP alone ------------------------------------------------------


@probe(10, "forward mode through a function with only a VJP", 12.0)
class _:
    @staticmethod
    def pullback() -> Any:
        if not hasattr(pb, "differential"):
            raise Absent("no forward mode yet")
        cube = pb.differentiable_function(lambda x: (x**3, lambda v: v * 3 * x * x))
        return pb.differential(lambda x: cube(x))(2.0)(1.0)

    @staticmethod
    def jax() -> Any:
        jax = _jax()
        cube = jax.custom_vjp(lambda x: x**3)
        cube.defvjp(lambda x: (x**3, x), lambda x, v: (v * 3 * x * x,))
        return jax.jvp(lambda x: cube(x), (2.0,), (1.0,))[1]

    @staticmethod
    def torch() -> Any:
        import torch
        import torch.autograd.forward_ad as fwd

        class Cube(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**3

            @staticmethod
            def backward(ctx, v):
                return v * 3 * ctx.saved_tensors[0] ** 2

        with fwd.dual_level():
            x = fwd.make_dual(torch.tensor(2.0), torch.tensor(1.0))
            tangent = fwd.unpack_dual(Cube.apply(x)).tangent
            return None if tangent is None else tangent.item()

    @staticmethod
    def autograd() -> Any:
        from autograd.differential_operators import make_jvp
        from autograd.extend import defvjp, primitive

        cube = primitive(lambda x: x**3)
        defvjp(cube, lambda ans, x: lambda v: v * 3 * x * x)
        return make_jvp(lambda x: cube(x))(2.0)(1.0)[1]


# 11, 12, 13 -- real values go through float(), math and C ---------------------------------------------------------


def _on_scalars(number: int, title: str, f: Callable[[Any], Any], at: Any, expected: float) -> None:
    @probe(number, title, expected)
    class _:
        @staticmethod
        def pullback() -> Any:
            return pb.gradient(f)(at)

        @staticmethod
        def jax() -> Any:
            return _jax().grad(f)(at)

        @staticmethod
        def torch() -> Any:
            return _torch_gradient(f, at)

        @staticmethod
        def autograd() -> Any:
            import autograd

            return autograd.grad(f)(at)


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


_on_scalars(11, "`float(x)` of a float", _with_float, 3.0, 7.0)
_on_scalars(11, "`float(x)` of a NumPy scalar", _with_float, np.float32(3.0), 7.0)
_on_scalars(11, "`float(x)` of a 0-d array", _with_float, np.array(3.0), 7.0)
_on_scalars(12, "`math.sin(x)`", _with_math_sin, 3.0, 6.0 + math.cos(3.0))
_on_scalars(13, "`libm.exp(x)` through ctypes, with a rule", _with_libm_exp, 1.0, 2.0 + math.e)
_on_scalars(13, "`libm.cosh(x)` through ctypes, without one", _with_libm_cosh, 1.0, 2.0 + math.sinh(1.0))


# 14, 15, 16 -- structures -----------------------------------------------------------------------------------------


@dataclass
class Line:
    """A plain dataclass: nobody registered it anywhere."""

    slope: Any
    offset: Any


def _at_three(line):
    return line.slope * 3.0 + line.offset * line.offset


@probe(14, "a plain dataclass as argument", (3.0, 4.0))
class _:
    @staticmethod
    def pullback() -> Any:
        t = pb.gradient(_at_three)(Line(1.5, 2.0))
        return t.slope, t.offset

    @staticmethod
    def jax() -> Any:
        t = _jax().grad(_at_three)(Line(1.5, 2.0))
        return t.slope, t.offset

    @staticmethod
    def torch() -> Any:
        import torch

        t = torch.func.grad(_at_three)(Line(torch.tensor(1.5), torch.tensor(2.0)))
        return t.slope, t.offset

    @staticmethod
    def autograd() -> Any:
        import autograd

        t = autograd.grad(_at_three)(Line(1.5, 2.0))
        return t.slope, t.offset


@probe(14, "a float field of a model", (4.0, 6.0))
class _:
    """y = scale * (weight * 2), weight 3 and scale 2; a model's parameters are those its library lists."""

    @staticmethod
    def pullback() -> Any:
        class Model(pb.nn.Layer):
            def __init__(self):
                self.weight = np.array(3.0)
                self.scale = 2.0

            def __call__(self, x):
                return self.scale * (self.weight * x)

        t = pb.gradient(lambda m: m(2.0))(Model())
        return t.weight, t.scale

    @staticmethod
    def jax() -> Any:
        jax = _jax()

        @jax.tree_util.register_pytree_node_class
        class Model:
            def __init__(self, weight, scale):
                self.weight, self.scale = weight, scale

            def tree_flatten(self):
                return (self.weight, self.scale), None

            @classmethod
            def tree_unflatten(cls, aux, leaves):
                return cls(*leaves)

            def __call__(self, x):
                return self.scale * (self.weight * x)

        t = jax.grad(lambda m: m(2.0))(Model(np.array(3.0), 2.0))
        return t.weight, t.scale

    @staticmethod
    def torch() -> Any:
        import torch

        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = torch.nn.Parameter(torch.tensor(3.0))
                self.scale = 2.0

            def forward(self, x):
                return self.scale * (self.weight * x)

        model = Model()
        model(2.0).backward()
        found = {name: p.grad.item() for name, p in model.named_parameters()}
        return found.get("weight"), found.get("scale")


@probe(15, "a dataclass as result of a rule", 3.0 + 4.0)
class _:
    """make(x) = Line(3x, x²) at x = 2, and the sum of both fields."""

    @staticmethod
    def pullback() -> Any:
        make = pb.differentiable_function(lambda x: (Line(3.0 * x, x * x), lambda v: v.slope * 3.0 + v.offset * 2.0 * x))

        def f(x):
            line = make(x)
            return line.slope + line.offset

        return pb.gradient(f)(2.0)

    @staticmethod
    def jax() -> Any:
        jax = _jax()
        make = jax.custom_vjp(lambda x: Line(3.0 * x, x * x))
        make.defvjp(lambda x: (Line(3.0 * x, x * x), x), lambda x, v: (v.slope * 3.0 + v.offset * 2.0 * x,))

        def f(x):
            line = make(x)
            return line.slope + line.offset

        return jax.grad(f)(2.0)

    @staticmethod
    def torch() -> Any:
        import torch

        class Make(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return Line(3.0 * x, x * x)

            @staticmethod
            def backward(ctx, v):
                return v.slope * 3.0 + v.offset * 2.0

        def f(x):
            line = Make.apply(x)
            return line.slope + line.offset + 0.0 * x  # something to call backward on

        return _torch_gradient(f, 2.0)

    @staticmethod
    def autograd() -> Any:
        import autograd
        from autograd.extend import defvjp, primitive

        make = primitive(lambda x: Line(3.0 * x, x * x))
        defvjp(make, lambda ans, x: lambda v: v.slope * 3.0 + v.offset * 2.0 * x)

        def f(x):
            line = make(x)
            return line.slope + line.offset

        return autograd.grad(f)(2.0)


def _of_dict(p):
    return p["w"] * 3.0 + p["b"] * p["b"]


@probe(16, "a dict argument", (3.0, 4.0))
class _:
    @staticmethod
    def pullback() -> Any:
        return pb.gradient(_of_dict)({"w": 1.5, "b": 2.0})

    @staticmethod
    def jax() -> Any:
        return {k: v for k, v in sorted(_jax().grad(_of_dict)({"w": 1.5, "b": 2.0}).items(), reverse=True)}

    @staticmethod
    def torch() -> Any:
        import torch

        return torch.func.grad(_of_dict)({"w": torch.tensor(1.5), "b": torch.tensor(2.0)})

    @staticmethod
    def autograd() -> Any:
        import autograd

        return autograd.grad(_of_dict)({"w": 1.5, "b": 2.0})


@probe(16, "a dict argument of a rule", (3.0, 4.0))
class _:
    @staticmethod
    def pullback() -> Any:
        rule = pb.differentiable_function(lambda p: (_of_dict(p), lambda v: {"w": v * 3.0, "b": v * 2.0 * p["b"]}))
        return pb.gradient(lambda p: rule(p) * 1.0)({"w": 1.5, "b": 2.0})

    @staticmethod
    def jax() -> Any:
        jax = _jax()
        rule = jax.custom_vjp(_of_dict)
        rule.defvjp(lambda p: (_of_dict(p), p), lambda p, v: ({"w": v * 3.0, "b": v * 2.0 * p["b"]},))
        found = jax.grad(lambda p: rule(p) * 1.0)({"w": 1.5, "b": 2.0})
        return found["w"], found["b"]

    @staticmethod
    def torch() -> Any:
        import torch

        class Rule(torch.autograd.Function):
            @staticmethod
            def forward(ctx, p):
                return _of_dict(p)

            @staticmethod
            def backward(ctx, v):
                return {"w": v * 3.0, "b": v * 4.0}

        return _torch_gradient(lambda w, b: Rule.apply({"w": w, "b": b}) + 0.0 * (w + b), 1.5, 2.0)

    @staticmethod
    def autograd() -> Any:
        import autograd
        from autograd.extend import defvjp, primitive

        rule = primitive(_of_dict)
        defvjp(rule, lambda ans, p: lambda v: {"w": v * 3.0, "b": v * 2.0 * p["b"]})
        return autograd.grad(lambda p: rule(p) * 1.0)({"w": 1.5, "b": 2.0})


# 17 -- integers ---------------------------------------------------------------------------------------------------


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
        return _jax().grad(lambda x: x * x + x / 2)(3)

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
        return _jax().grad(lambda a: (a / 2).sum())(np.array([1, 2]))

    @staticmethod
    def torch() -> Any:
        return _torch_integer(lambda a: (a / 2).sum(), [1, 2])

    @staticmethod
    def autograd() -> Any:
        import autograd
        import autograd.numpy as anp

        return autograd.grad(lambda a: anp.sum(a / 2))(np.array([1, 2]))


# 18, 19 -- paths that carry no derivative --------------------------------------------------------------------------


@probe(18, "`round` on the only path", SPEAK)
class _:
    @staticmethod
    def pullback() -> Any:
        return pb.gradient(lambda x: round(x) * 2.0)(2.6)

    @staticmethod
    def jax() -> Any:
        return _jax().grad(lambda x: round(x) * 2.0)(2.6)

    @staticmethod
    def torch() -> Any:
        return _torch_gradient(lambda x: x.round() * 2.0, 2.6)

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
        return _jax().grad(lambda a: a.argmax() * 2.0)(_jax().numpy.array([1.0, 3.0, 2.0]))

    @staticmethod
    def torch() -> Any:
        return _torch_gradient(lambda a: a.argmax() * 2.0, [1.0, 3.0, 2.0])

    @staticmethod
    def autograd() -> Any:
        import autograd
        import autograd.numpy as anp

        return autograd.grad(lambda a: anp.argmax(a) * 2.0)(np.array([1.0, 3.0, 2.0]))


_on_scalars(18, "`float(int(x))` on the only path", lambda x: float(int(x)) * 2.0, 2.6, SPEAK)
_on_scalars(19, "a result that does not depend on the input", lambda x: 0.0 + math.pi, 2.0, SPEAK)


# 20 -- complex abs: df/dx - i df/dy, as in JAX and autograd; torch documents the conjugate -------------------------


def _complex_abs(title: str, at: complex, expected: complex) -> None:
    @probe(20, title, expected, torch=expected.conjugate())
    class _:
        @staticmethod
        def pullback() -> Any:
            return pb.gradient(lambda z: abs(z))(at)

        @staticmethod
        def jax() -> Any:
            return _jax().grad(lambda z: abs(z))(at)

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
