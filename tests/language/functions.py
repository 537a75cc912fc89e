"""Functions as values: functools, operator, closures, recursion, arguments of every kind."""

import functools
import math
import operator
from dataclasses import dataclass

from .cases import case


@functools.lru_cache(maxsize=None)
def fact(n):
    return 1 if n < 2 else n * fact(n - 1)


@functools.cache
def cached(x):
    return x * x


def deco(f):
    @functools.wraps(f)
    def wrapper(*a, **k):
        return 2.0 * f(*a, **k)

    return wrapper


@deco
def decorated_inner(x, k=2):
    return x**k


@dataclass
class Circle:
    r: float


@dataclass
class Rect:
    w: float
    h: float


@functools.singledispatch
def area(s):
    raise TypeError


@area.register
def _(s: Circle):
    return math.pi * s.r**2


@area.register(Rect)
def _(s):
    return s.w * s.h


@dataclass
class Node:
    v: float
    kids: list


def total(n):
    return n.v * n.v + sum(total(k) for k in n.kids)


@dataclass
class Link:
    v: float
    next: object = None


def evaluate(e, x):
    if e == "x":
        return x
    if isinstance(e, (int, float)):
        return e
    op, a, b = e
    a, b = evaluate(a, x), evaluate(b, x)
    return {"+": lambda: a + b, "*": lambda: a * b}[op]()


@case([1.0, 2.0, 4.0])
def reduce_lambda(a):
    return functools.reduce(lambda p, q: p * q + 1, a)


@case([1.0, 2.0, 4.0], 3.0)
def reduce_init(a, s):
    return functools.reduce(operator.mul, a, s)


@case(1.3)
def partial_const(x):
    f = functools.partial(pow, exp=3.0)
    g = functools.partial(lambda k, v: k * v, 2.0)
    return g(x) * f(x)


@case(1.3, 2.0)
def partial_active(x, y):
    f = functools.partial(lambda k, v: k * v + k, x)
    return f(y) * f(2.0)


@case(1.3, 2.0)
def partial_kw(x, y):
    f = functools.partial(lambda v, *, k: k * v + k, k=x)
    return f(y) * f(2.0)


@case(1.3)
def lru(x):
    return sum(x**n / fact(n) for n in range(5))


@case(1.3)
def cache_active(x):
    return cached(x) * x


@case(1.3)
def wraps(x):
    return decorated_inner(x) + decorated_inner(x, k=3)


@case([(1.0, 2.0), (3.0, 4.0)])
def itemgetter(a):
    return sum(map(operator.itemgetter(1), a)) * max(a, key=operator.itemgetter(0))[0]


@case({"a": 2.0, "b": 3.0})
def itemgetter2(d):
    a, b = operator.itemgetter("a", "b")(d)
    return a * b * b


@case(1.3, 2.0)
def operator_funcs(x, y):
    return operator.mul(x, operator.add(x, y)) - operator.truediv(x, y) + operator.neg(x)


@case([1.0, 2.0, 4.0])
def op_getitem(a):
    return operator.getitem(a, 1) * a[0]


@case([1.0, 2.0, 3.0])
def star_call(a):
    def f(p, q, r=1.0):
        return p * q - r

    return f(*a)


@case(1.0, 2.0)
def kw_call(x, y):
    def f(*, a, b):
        return a * b - a

    d = {"a": x, "b": y}
    return f(**d)


@case(Node(1.0, [Node(2.0, []), Node(3.0, [Node(4.0, [])])]))
def tree(n):
    return total(n)


@case(Link(1.0, Link(2.0, Link(3.0))))
def linked(l):
    t = 0.0
    while l is not None:
        t = t * 0.5 + l.v * l.v
        l = l.next
    return t


@case(("+", ("*", "x", 2.0), ("*", "x", "x")), 1.5)
def expr_tree(e, x):
    return evaluate(e, x)


@case(1.5)
def mutual(x):
    def even(v, n):
        return v if n == 0 else odd(v * x, n - 1)

    def odd(v, n):
        return v if n == 0 else even(v + x, n - 1)

    return even(x, 4)


@case(1.5)
def late_binding(x):
    def f(v):
        return g(v) * 2

    def g(v):
        return v * x

    return f(x)


@case(1.5)
def posonly(x):
    def f(a, /, b=2.0, *args, c=3.0, **kw):
        return a * b + c + sum(args) + sum(kw.values())

    return f(x) + f(x, x, x, x, c=x, d=x)


@case(1.5, 2.0)
def forwarding(x, y):
    def inner(a, b, *, k=1.0):
        return a * b * k

    def outer(*a, **k):
        return inner(*a, **k)

    return outer(x, y, k=x) + outer(x, b=y)


@case(1.5)
def isinstance_dispatch(x):
    def f(v):
        if isinstance(v, (list, tuple)):
            return sum(f(u) for u in v)
        if isinstance(v, dict):
            return sum(f(u) for u in v.values())
        return v * v

    return f([x, (x, 2.0), {"k": x}])


@case(Circle(2.0), Rect(2.0, 3.0))
def singledispatch(c, r):
    return area(c) * area(r)


@case(1.7, "sq")
def lambda_dict(x, k):
    fs = {"sq": lambda v: v * v, "cu": lambda v: v**3}
    gs = [math.sin, lambda v: v * x]
    return fs[k](x) + gs[1](x) + gs[0](x)


@case(1.7)
def closures_ret(x):
    def make(k):
        def f(v):
            return v * k + x

        return f

    fs = [make(i * x) for i in range(3)]
    return sum(f(2.0) for f in fs)


@case(1.7)
def nonlocal_count(x):
    n = 0

    def f(v):
        nonlocal n
        n += 1
        return v * v

    y = f(x) + f(x * 2)
    return y * n


@case(None, 1.7)
def default_or(p, x):
    p = p or x
    return p * p


@case(1.7)
def immediately(x):
    return (lambda v: (lambda w: v * w)(x))(x * 2)


@case(1.7)
def compose(x):
    def compose(*fs):
        return functools.reduce(lambda f, g: lambda v: f(g(v)), fs)

    return compose(math.sin, math.exp, lambda v: v * x)(x)


@case(1.7)
def newton(x):
    def solve(f, df, v, tol=1e-10):
        for _ in range(50):
            d = f(v) / df(v)
            v = v - d
            if abs(d) < tol:
                return v
        raise RuntimeError("no")

    return solve(lambda v: v * v - x, lambda v: 2 * v, 1.0)


@case(1.7)
def map_none(x):
    f = max if x > 1 else min
    return f(x, 2.0) * f([x, 3.0])


@case(1.5)
def three_way(x):
    y = x * 2

    def a(v, n):
        return v if n == 0 else b(v * x, n - 1)

    def b(v, n):
        return v if n == 0 else c(v + y, n - 1)

    def c(v, n):
        return v if n == 0 else a(v * v * y, n - 1) + b(v, n - 1)

    return a(x, 7) + c(x, 2)


@case(1.5)
def parser(x):
    toks = ["2", "*", "(", "x", "+", "3", ")"]
    pos = 0

    def peek():
        return toks[pos] if pos < len(toks) else None

    def expr(i):
        v, i = term(i)
        while i < len(toks) and toks[i] == "+":
            w, i = term(i + 1)
            v = v + w
        return v, i

    def term(i):
        v, i = atom(i)
        while i < len(toks) and toks[i] == "*":
            w, i = atom(i + 1)
            v = v * w
        return v, i

    def atom(i):
        if toks[i] == "(":
            v, i = expr(i + 1)
            return v, i + 1
        return (x if toks[i] == "x" else float(toks[i])), i + 1

    return expr(0)[0] * x


@case([3.0, 1.0, 2.0], 1.5)
def reduce_partial(xs, k):
    step = functools.partial(lambda c, a, b: a * c + b, k)
    return functools.reduce(step, xs)


@case(1.5)
def partial_nested(x):
    f = lambda a, b, c, d=1.0: a * b + c * d
    g = functools.partial(f, x)
    h = functools.partial(g, x * 2, d=x)
    return h(3.0) + h(x, d=2.0) + g(1.0, 2.0)


@case(1.5, 2.0, 0.5)
def defaults_beside_starred_parameters(x, y, z):
    def f(*args, k=x, **named):
        return args[0] * k * named.get("z", 2.0)

    g = lambda *args, k=y, j=z: k * j * len(args)
    return f(y) + f(y, z=z) + f(y, k=z, z=x) + g(1.0) + g(1.0, 2.0, j=x)


@case(1.5, 2.0)
def defaults_that_change_beside_starred_parameters(x, y):
    kept = [x]

    def f(*args, k=kept):
        k.append(args[0])
        return k[-1] * k[0]

    return f(y) + f(x * y) + sum(kept)
