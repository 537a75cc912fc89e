"""The language itself: each function leans on one construct."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from .registry import case, later

SCALE = 1.5


@case(0.7, 0.2)
def closure(x, k):
    def inner(y):
        return y * k + x

    return inner(inner(x))


@case(0.7)
def closure_of_closure(x):
    def outer(a):
        def inner(b):
            return a * b + x

        return inner(a + 1)

    return outer(x) * outer(2.0)


def multiplier(k):
    return lambda x: k * x


@case(0.7, 1.3)
def returned_function(x, k):
    """A function made elsewhere carries an active value here."""
    double = multiplier(k)
    return double(double(x))


@case(0.7)
def lambdas_on_one_line(x):
    f, g = (lambda a: a * x), (lambda a: a + x)
    return f(g(x)) + g(f(2.0))


@case(0.7)
def defaults(x, k=2.0, n=3):
    return k * x**n


@case(0.7, 1.1)
def keywords(x, y):
    return power(base=x, exponent=2) + power(exponent=3, base=y) + power(x)


def power(base, exponent=4, *, scale=1.0):
    return scale * base**exponent


@case(0.7)
def keyword_only(x):
    return power(x, scale=x)


@case(1.1)
def recursion(x, n=5):
    if n == 0:
        return 1.0
    return x * recursion(x, n - 1)


@case(0.6)
def fibonacci_like(x, n=6):
    if n < 2:
        return x
    return 0.9 * fibonacci_like(x, n - 1) + math.sin(fibonacci_like(x, n - 2))


def even(x, n):
    return x if n == 0 else odd(x * x, n - 1)


def odd(x, n):
    return x if n == 0 else even(math.cos(x), n - 1)


@case(0.8)
def mutual_recursion(x):
    return even(x, 5)


@case(2.0, 3.0)
def swap(a, b):
    a, b = b, a
    return a - b / a


@case(2.0, 3.0, 4.0)
def rotation(a, b, c):
    for _ in range(4):
        a, b, c = b, c, a * 0.5
    return a + b * c


@case((1.0, (2.0, 3.0)))
def nested_unpacking(t):
    a, (b, c) = t
    return a * b + c


@case(1.5)
def chained_assignment(x):
    a = b = c = x * x
    a += 1
    b *= a
    return a + b * c


@case(0.5)
def loop_over_items(x):
    table = {"a": x, "b": x * x, "c": 1.0}
    total = 0.0
    for key, value in table.items():
        if key != "b":
            total += value * value
    for value in table.values():
        total -= value * 0.1
    return total


@case([1.0, 2.0, 3.0])
def loop_over_enumerate_and_zip(xs):
    total = 0.0
    for i, (a, b) in enumerate(zip(xs, [xs[2], xs[0], 1.0])):
        total += a * b * (i + 1)
    return total


@case([1.0, 2.0, 3.0])
def index_arithmetic(xs):
    n = len(xs)
    total = 0.0
    for i in range(n):
        total += xs[i] * xs[(i + 1) % n] - xs[-i]
    return total


@case({"length": 2.0, "label": "pole", "width": 0.3})
def dict_of_parameters(p):
    return p["length"] * p["width"] ** 2 if "width" in p else p["length"]


@case({"length": 2.0})
def dict_get(p):
    """A default that is not needed, and one that is."""
    return p.get("length", 1.0) ** 2 * p.get("width", 3.0)


class Point(NamedTuple):
    x: float
    y: float

    def norm2(self):
        return self.x**2 + self.y**2


@case(Point(1.0, -2.0))
def named_tuple(p):
    x, y = p
    return p.norm2() * x + y * p[0]


@case(1.0, -2.0)
def named_tuple_built(x, y):
    p = Point(y=x * y, x=x)
    return Point(p.y, p.x).norm2()


@dataclass
class Account:
    balance: float
    rate: float = 0.05
    owner: str = "nobody"
    history: list[float] = field(default_factory=list)

    @property
    def yearly(self):
        return self.balance * self.rate

    def after(self, years):
        total = self.balance
        for _ in range(years):
            total += total * self.rate
        return Account(total, self.rate, self.owner)

    @staticmethod
    def fee(amount):
        return 0.01 * amount

    @classmethod
    def empty(cls, rate):
        return cls(0.0, rate)


@case(Account(100.0))
def methods_and_properties(a):
    later_on = a.after(3)
    return later_on.balance + later_on.yearly - Account.fee(a.balance) - a.fee(a.yearly)


@case(100.0, 0.04)
def constructed_inside(balance, rate):
    return Account(balance, rate=rate).after(2).yearly + Account.empty(rate).after(1).rate


@case(0.3)
def method_as_value(x):
    act = Account(x).after
    return act(2).balance


@case(0.3)
def function_as_argument(x):
    def twice(f, v):
        return f(f(v))

    return twice(math.sin, x) + twice(lambda t: t * x, 2.0) + twice(power, 0.5)


@case(0.3)
def chosen_function(x):
    f = math.sin if x > 0 else math.cos
    g = {"square": lambda t: t * t, "cube": lambda t: t**3}["cube"]
    return f(g(x)) + g(f(x))


@case(0.3)
def function_in_a_loop(x):
    y = x
    for f in (math.sin, math.exp, lambda t: t * x):
        y = f(y)
    return y


@case(0.3)
def global_constant(x):
    return SCALE * x**2 + math.pi * x


@case(0.3)
def prints_and_asserts(x):
    assert x > 0, f"x must be positive, not {x}"
    label = f"{x:.3f}"
    print(label, x)
    return x * len(label)


@case(0.3)
def documented(x: float) -> float:
    """A docstring, annotations, and a `pass`."""
    y: float = x * 2
    z: float
    if y > 100:
        pass
    z = y**2
    return z


@case(0.3, -1.0)
def returns_a_tuple(x, y):
    return x * y, (x + y, [x - y])


@case(0.3, -1.0)
def returns_a_dict(x, y):
    return {"product": x * y, "name": "result", "sum": x + y}


@case(0.3, -1.0)
def returns_its_arguments(x, y):
    return y, x, x


@case(0.3, 2)
def integer_argument(x, n):
    return x**n + n * x


@case(0.3, True, "cos", None)
def constant_arguments(x, flag, name, nothing):
    if flag and name == "cos" and nothing is None:
        return math.cos(x)
    return x


@case(0.7)
def rebinding_parameters(x):
    x = x * x
    x = math.sin(x)
    x += x * x
    return x


@case(2.3)
def builtins_of_numbers(x):
    return abs(-x) * max(x, 1.0) + min(x, 10.0) ** 2 + pow(x, 2) + sum([x, x * x]) + float(x) + divmod(x, 1.0)[1]


@case(2.3)
def remainders(x):
    return x % 2.0 + (-x) % 0.7 + x // 1.0 * x


@case(2.5)
def constant_conversions(x):
    """`int` and `round` on the way to a constant factor: no derivative, and none lost."""
    return x * math.floor(2.7) + x * len("abc") + x * int("3") * round(2.6)


@later("walrus", 0.7)
def walrus(x):
    if (y := x * x) > 0.1:
        return y * x
    return x


@later("walrus", 0.7)
def walrus_in_while(x):
    while (x := x * 0.5) > 0.1:
        pass
    return x * 3


@later("starred", [1.0, 2.0, 3.0])
def starred_unpacking(xs):
    first, *rest = xs
    return first * rest[0] + rest[-1]


@later("starargs", 0.5, 0.7)
def starred_call(x, y):
    pair = (x, y)
    return math.hypot(*pair) * power(**{"base": x, "exponent": 2})


@later("generator", 0.5)
def generator_expression(x):
    return sum(x**k for k in range(4))


@later("comprehension", 0.5)
def dict_comprehension(x):
    table = {k: x**k for k in range(4)}
    return table[2] + table[3]


@later("nonlocal", 0.5)
def nonlocal_counter(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v * x

    add(1.0)
    add(x)
    return total


@later("rebound capture", 0.5)
def capture_rebound(x):
    def f(t):
        return t * x

    x = x * 2
    return f(3.0) + x


@later("rebound capture", 0.5)
def capture_rebound_in_a_loop(x):
    for f in (math.sin, lambda t: t * x, math.exp):
        x = f(x)
    return x


@later("with", 0.5)
def with_statement(x):
    from contextlib import nullcontext

    with nullcontext(x * x) as y:
        return y * x


@later("try", 0.5)
def try_finally(x):
    try:
        y = x * x
    finally:
        y = y + x
    return y


@later("match", (0.5, 2.0))
def match_statement(p):
    match p:
        case (x, y) if x < y:
            return x * y
        case (x, _):
            return x
        case _:
            raise TypeError(p)


@later("map", [1.0, 2.0])
def map_and_filter(xs):
    return sum(map(lambda v: v * v, filter(lambda v: v > 0, xs)))
