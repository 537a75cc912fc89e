"""The oracle: exact derivatives of the untransformed program, by running it on dual numbers.

    derivatives(source)  ->  the value, and its partials with respect to every float in ARGS

It shares no code with the library: operators, `math`, containers and classes are handled here anew.
A program that leaves the range where comparison makes sense raises `Unsuitable`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

LARGEST_VALUE = 1e4
LARGEST_PARTIAL = 1e5
MOST_OPERATIONS = 6000


class Unsuitable(BaseException):
    """The program is no fair test: out of range, too long, or its result is no float.

    Not an `Exception`, so that a program's own `except Exception` lets it pass.
    """


class Monitor:
    """What the running program did: the largest partial, the number of operations."""

    largest = 0.0
    operations = 0


class Dual:
    """A number and its partial derivatives."""

    __slots__ = ("partials", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: float, partials: tuple[float, ...]) -> None:
        self.value = value
        self.partials = partials
        Monitor.operations += 1
        top = max(map(abs, partials), default=0.0)
        Monitor.largest = max(Monitor.largest, top)
        if not (abs(value) < LARGEST_VALUE and top < LARGEST_PARTIAL) or Monitor.operations > MOST_OPERATIONS:
            raise Unsuitable("out of range")

    def linear(self, value: float, slope: float) -> Dual:
        return Dual(value, tuple(slope * p for p in self.partials))

    def __add__(self, other: Any) -> Dual:
        return _binary(self, other, lambda a, b: a + b, lambda a, b: (1.0, 1.0))

    def __radd__(self, other: Any) -> Dual:
        return _binary(other, self, lambda a, b: a + b, lambda a, b: (1.0, 1.0))

    def __sub__(self, other: Any) -> Dual:
        return _binary(self, other, lambda a, b: a - b, lambda a, b: (1.0, -1.0))

    def __rsub__(self, other: Any) -> Dual:
        return _binary(other, self, lambda a, b: a - b, lambda a, b: (1.0, -1.0))

    def __mul__(self, other: Any) -> Dual:
        return _binary(self, other, lambda a, b: a * b, lambda a, b: (b, a))

    def __rmul__(self, other: Any) -> Dual:
        return _binary(other, self, lambda a, b: a * b, lambda a, b: (b, a))

    def __truediv__(self, other: Any) -> Dual:
        return _binary(self, other, lambda a, b: a / b, lambda a, b: (1.0 / b, -a / (b * b)))

    def __rtruediv__(self, other: Any) -> Dual:
        return _binary(other, self, lambda a, b: a / b, lambda a, b: (1.0 / b, -a / (b * b)))

    def __mod__(self, other: Any) -> Dual:
        return _binary(self, other, lambda a, b: a % b, lambda a, b: (1.0, -float(a // b)))

    def __pow__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return _binary(self, other, lambda a, b: a**b, lambda a, b: (b * a ** (b - 1), a**b * math.log(a)))
        v = self.value
        return self.linear(v**other, _slope(lambda: other * v ** (other - 1) if other else 0.0))

    def __rpow__(self, base: float) -> Dual:
        power = base**self.value
        return self.linear(power, _slope(lambda: power * math.log(base)))

    def __neg__(self) -> Dual:
        return self.linear(-self.value, -1.0)

    def __pos__(self) -> Dual:
        return self

    def __abs__(self) -> Dual:
        v = self.value
        return self.linear(abs(v), 1.0 if v > 0 else -1.0 if v < 0 else 0.0)

    def __lt__(self, other: Any) -> bool:
        return self.value < _value(other)

    def __le__(self, other: Any) -> bool:
        return self.value <= _value(other)

    def __gt__(self, other: Any) -> bool:
        return self.value > _value(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= _value(other)

    def __eq__(self, other: object) -> bool:
        return self.value == _value(other)

    def __ne__(self, other: object) -> bool:
        return self.value != _value(other)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        raise TypeError("a Dual must not become a float: its derivative would be lost")

    def __repr__(self) -> str:
        return repr(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Dual) else x


Slopes = Callable[[Any, Any], tuple[float, float]]


def _binary(x: Any, y: Any, value: Callable[[Any, Any], float], slopes: Slopes) -> Dual:
    if not isinstance(x, (Dual, float, int)) or not isinstance(y, (Dual, float, int)):
        return NotImplemented
    a, b = _value(x), _value(y)
    v = value(a, b)
    da, db = _slope(slopes, a, b)
    if not isinstance(y, Dual):
        return x.linear(v, da)
    if not isinstance(x, Dual):
        return y.linear(v, db)
    return Dual(v, tuple(da * p + db * q for p, q in zip(x.partials, y.partials)))


def _slope(slope: Callable[..., Any], *at: Any) -> Any:
    try:
        return slope(*at)
    except (ArithmeticError, ValueError):
        raise Unsuitable("a slope that does not exist, as that of sqrt at 0") from None


_SLOPES: dict[str, Callable[[float], float]] = {
    "sin": math.cos,
    "cos": lambda x: -math.sin(x),
    "tan": lambda x: 1.0 + math.tan(x) ** 2,
    "tanh": lambda x: 1.0 - math.tanh(x) ** 2,
    "exp": math.exp,
    "log": lambda x: 1.0 / x,
    "sqrt": lambda x: 0.5 / math.sqrt(x),
    "atan": lambda x: 1.0 / (1.0 + x * x),
}


def _shim(name: str, slope: Callable[[float], float]) -> Callable[[Any], Any]:
    plain = getattr(math, name)
    return lambda x: x.linear(plain(x.value), _slope(slope, x.value)) if isinstance(x, Dual) else plain(x)


MATH = SimpleNamespace(pi=math.pi, e=math.e, inf=math.inf, **{n: _shim(n, s) for n, s in _SLOPES.items()})


def leaves(x: Any) -> list[Any]:
    """The floats (or duals) of a structure, in order; ints are left out."""
    if isinstance(x, (Dual, float)):
        return [x]
    if isinstance(x, dict):
        return [leaf for v in x.values() for leaf in leaves(v)]
    if isinstance(x, (tuple, list)):
        return [leaf for v in x for leaf in leaves(v)]
    if dataclasses.is_dataclass(x):
        return [leaf for f in dataclasses.fields(x) for leaf in leaves(getattr(x, f.name))]
    return []


def rebuilt(x: Any, numbers: Any) -> Any:
    """The structure `x` with its floats replaced, in order, from the iterator `numbers`."""
    if isinstance(x, (Dual, float)):
        return next(numbers)
    if isinstance(x, dict):
        return {k: rebuilt(v, numbers) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return x._make(rebuilt(v, numbers) for v in x)
    if isinstance(x, (tuple, list)):
        return type(x)([rebuilt(v, numbers) for v in x])
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return type(x)(**{f.name: rebuilt(getattr(x, f.name), numbers) for f in dataclasses.fields(x)})
    return x


@dataclass(frozen=True)
class Answer:
    """What the oracle says: the value, its Jacobian (output leaf by input leaf), output, scale of rounding."""

    value: Any
    jacobian: tuple[tuple[float, ...], ...]
    printed: str
    largest: float


def load(source: str, filename: str = "<program>") -> dict[str, Any]:
    """The program's globals."""
    namespace: dict[str, Any] = {"__name__": "fuzzed_program"}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    return namespace


def run(source: str) -> tuple[Any, str]:
    """The plain result of the program, and what it printed."""
    plain = load(source)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        return plain["f"](*plain["ARGS"]), out.getvalue()


def derivatives(source: str) -> Answer:
    """Run the program plainly and on duals: the same value, and its exact derivatives."""
    Monitor.largest, Monitor.operations = 0.0, 0
    namespace = load(source)
    namespace["math"] = MATH
    args = namespace["ARGS"]
    numbers = leaves(args)
    count = len(numbers)
    seeds = iter([Dual(v, tuple(float(i == k) for i in range(count))) for k, v in enumerate(numbers)])
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            value = namespace["f"](*rebuilt(args, seeds))
        plain, printed = run(source)
    except (OverflowError, ZeroDivisionError, ValueError, RecursionError) as error:
        raise Unsuitable(f"{type(error).__name__}: {error}") from None
    ends = leaves(value)
    if not leaves(plain) or len(ends) != len(leaves(plain)):
        raise Unsuitable("the result is an int")
    if [repr(_value(v)) for v in ends] != [repr(v) for v in leaves(plain)] or printed != out.getvalue():
        raise AssertionError(f"the oracle changed the program: {value!r} instead of {plain!r}")
    jacobian = tuple(v.partials if isinstance(v, Dual) else (0.0,) * count for v in ends)
    return Answer(plain, jacobian, printed, Monitor.largest)
