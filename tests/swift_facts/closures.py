"""Closures, captures, functions as values."""

from functools import partial

from .registry import fact

Z = 10.0


@fact(0.0, gradient=10.0)
def captured_local(x):
    z = 10.0

    def f(t):
        return z * t

    return f(x)


@fact(0.5, gradient=10.0)
def captured_global(x):
    return Z * x


@fact(3.0, gradient=6.0)
def captured_argument(x):
    def f(t):
        return x * t

    return f(x)


@fact(2.0, 5.0, gradient=(20.0, 4.0))
def function_returned(x, y):
    def multiply(k):
        return lambda t: k * t * x

    return multiply(x)(y)


@fact(1.0, gradient=2.0)
def function_as_an_argument(x):
    def loss(f):
        return f(x * x, 10.0)

    return loss(lambda a, b: a + b)


@fact(2.0, gradient=4.0)
def function_with_an_int(x):
    def loss(f):
        return f(x * x, 10)

    return loss(lambda a, n: a + float(n))


def inner(x, y=0.0):
    return 7 * x * x + y


def identity(f):
    return f


@fact(3.0, value=63.0, gradient=42.0)
def function_passed_through_identity(x):
    return identity(inner)(x)


@fact(3.0, value=73.0, gradient=42.0)
def partially_applied(x):
    return partial(inner, y=10.0)(x)


@fact(2.0, gradient=12.0)
def applied_twice(x):
    def twice(f):
        return lambda t: f(f(t))

    return twice(lambda t: t * x)(3.0)


@fact(2.0, gradient=7.0)
def list_of_functions(x):
    fs = [lambda t: t * t, lambda t: 3 * t]
    return sum(f(x) for f in fs)


@fact(2.0, gradient=4.0)
def dict_of_functions(x):
    fs = {"square": lambda t: t * t}
    return fs["square"](x)


@fact(3.0, gradient=27.0)
def composed(x):
    def compose(f, g):
        return lambda t: g(f(t))

    return compose(lambda t: t * t, lambda t: t * x)(x)


@fact(3.0, gradient=2.0)
def nonlocal_counter(x):
    total = 0.0

    def add(t):
        nonlocal total
        total += t

    add(x)
    add(x)
    return total


class Container:
    def __init__(self, f):
        self.f = f


@fact(3.0, gradient=42.0)
def function_in_an_object(x):
    return Container(lambda t: 7 * t * t).f(x)


@fact(2.0, 3.0, gradient=(3.0, 2.0))
def starred_arguments(x, y):
    def f(*args):
        return args[0] * args[1]

    return f(*[x, y])


@fact(2.0, 3.0, gradient=(3.0, 2.0))
def keyword_arguments(x, y):
    def f(**named):
        return named["a"] * named["b"]

    return f(a=x, b=y)
