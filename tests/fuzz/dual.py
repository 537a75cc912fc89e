"""Dual numbers: a float and its partial derivatives, with Python's operators and `math`.

    Dual(3.0, (1.0, 0.0)) * Dual(2.0, (0.0, 1.0))  ->  6.0 with the partials (2.0, 3.0)

It shares no code with the library. A number that leaves the range where comparison makes sense raises `Unsuitable`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

LARGEST_VALUE = 1e4
LARGEST_PARTIAL = 1e5
MOST_OPERATIONS = 6000


class Unsuitable(BaseException):
    """The program is no fair test: out of range, too long, or its result is no float.

    Not an `Exception`, so that a program's own `except Exception` lets it pass.
    """


class Monitor:
    """What the running program did: the largest partial, the number of operations.

    In a program with arrays two equal numbers with different partials are not to be compared: sorting and
    maxima have a kink there, and NumPy's own order of operations may differ from the oracle's in the last bit.
    """

    largest = 0.0
    operations = 0
    strict = False


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

    def __divmod__(self, other: Any) -> Any:
        return Dual(self.value // other, (0.0,) * len(self.partials)), self % other

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
        return self.value < _compared(self, other)

    def __le__(self, other: Any) -> bool:
        return self.value <= _compared(self, other)

    def __gt__(self, other: Any) -> bool:
        return self.value > _compared(self, other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= _compared(self, other)

    def __eq__(self, other: object) -> bool:
        return self.value == value_of(other)

    def __ne__(self, other: object) -> bool:
        return self.value != value_of(other)

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


def value_of(x: Any) -> Any:
    """The number without its partials."""
    return x.value if isinstance(x, Dual) else x


def _compared(x: Dual, y: Any) -> Any:
    value = value_of(y)
    if Monitor.strict and x.value == value:
        partials = y.partials if isinstance(y, Dual) else (0.0,) * len(x.partials)
        if partials != x.partials:
            raise Unsuitable("a tie")
    return value


Slopes = Callable[[Any, Any], tuple[float, float]]
NUMBERS = (Dual, float, int, np.integer)


def _binary(x: Any, y: Any, value: Callable[[Any, Any], float], slopes: Slopes) -> Dual:
    if not isinstance(x, NUMBERS) or not isinstance(y, NUMBERS):
        return NotImplemented
    a, b = value_of(x), value_of(y)
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


def _combined(values: Any, value: Callable[[list[float]], float], weights: Callable[[list[float]], list[float]]) -> Any:
    items = list(values)
    numbers = [value_of(v) for v in items]
    count = max((len(v.partials) for v in items if isinstance(v, Dual)), default=0)
    if not any(isinstance(v, Dual) for v in items):
        return value(numbers)
    slopes = _slope(weights, numbers)
    partials = [v.partials if isinstance(v, Dual) else (0.0,) * count for v in items]
    return Dual(value(numbers), tuple(sum(w * p[k] for w, p in zip(slopes, partials)) for k in range(count)))


def _prod(values: Any) -> Any:
    result: Any = 1
    for value in values:
        result = result * value
    return result


MATH = SimpleNamespace(
    pi=math.pi,
    e=math.e,
    inf=math.inf,
    prod=_prod,
    fsum=lambda values: _combined(values, math.fsum, lambda v: [1.0] * len(v)),
    hypot=lambda *values: _combined(values, lambda v: math.hypot(*v), lambda v: [x / math.hypot(*v) for x in v]),
    **{n: _shim(n, s) for n, s in _SLOPES.items()},
)


class _Floats(type):
    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, (float, Dual))


class Float(metaclass=_Floats):
    """What stands for `float` in a program on dual numbers."""

    def __new__(cls, x: Any = 0.0) -> Any:
        """The number itself, or a float of anything else."""
        return x if isinstance(x, Dual) else float(x)
