"""Arithmetic, fan-out, tuples, results chosen out of several."""

import math

from .registry import fact


@fact(3.0, 4.0, gradient=(4.0, 3.0))
def product(x, y):
    return x * y


@fact(3.0, 4.0, gradient=(-4.0, -3.0))
def negated_product(x, y):
    return -x * y


@fact(3.0, 4.0, gradient=(-1.0, 1.0))
def negated_sum(x, y):
    return -x + y


@fact(100.0, gradient=0.0)
def cancels(x):
    return x - x


@fact(3.0, 2.0, gradient=(4.0, 3.0))
def used_three_times(x, y):
    return x + x + x * y


@fact(3.0, 4.0, gradient=(3.0, 9.0))
def lambda_called_on_the_spot(x, y):
    return 3 * x + (lambda t: t * 3)(3) * y


def both(x, y):
    return (x + 1, y + 2)


@fact(3.0, 3.0, gradient=(1.0, 0.0))
def first_result(x, y):
    return both(x, y)[0]


@fact(3.0, 3.0, gradient=(0.0, 1.0))
def second_result(x, y):
    return both(x, y)[1]


@fact(3.0, 4.0, gradient=(5.0, 4.0))
@fact(5.0, 10.0, gradient=(11.0, 6.0))
def product_of_results(x, y):
    z = both(x, y)
    return z[0] * (z[1] - 1)


@fact(1.0, 2.0, cotangent=(3.0, 5.0), gradient=(5.0, 3.0))
def swapped_tuple(x, y):
    x, y = y, x
    return x, y


@fact(3.0, gradient=1.0)
def nested_tuple(x):
    t = (1, 1, ((x, 1), 1))
    return t[2][0][0]


@fact(3.0, gradient=108.0)
def fourth_power_by_rebinding(x):
    a = x
    a = a * x
    a = a * x
    return a * x


@fact(3.0, gradient=405.0)
def fifth_power_by_new_tuples(x):
    t = (x, x)
    t = (t[0] * x, t[1])
    t = (t[0], t[0] * x)
    return t[0] * t[1]


@fact(4.0, value=8.0, gradient=2.0)
def tuple_with_an_int(x):
    t = (2 * x, 1)
    return t[0]


@fact(4.0, value=16.0, gradient=8.0)
def mixed_nested_tuple(x):
    t = (1, (1, x), x)
    return t[1][1] * t[2]


@fact(0.0, gradient=4.0)
def repeated_calls(x):
    def twice(t):
        return 2 * t

    return twice(twice(x))


@fact(4.0, value=22.0, gradient=4.0)
def reassigned_names(x):
    a = x
    a = x
    b = a + 2
    b = b - 1
    c = 3.0
    d = a + b + c - 1
    d = d + d
    return d


@fact(4.0, 5.0, value=-45.0, gradient=(-5.0, -14.0))
def through_names(x, y):
    a = x + y
    b = a
    return b * -y


@fact(10.0, 5.0, value=2.0, gradient=(0.2, -0.4))
def quotient(x, y):
    return x / y


@fact(4.0, 5.0, value=25.25, gradient=(-0.5625, 5.5))
def quotient_of_a_square(x, y):
    a = x + y
    b = a * a
    return b / x + y


@fact(0.7, gradient=math.cos(0.7) ** 2 - math.sin(0.7) ** 2)
def sine_times_cosine(x):
    return math.sin(x) * math.cos(x)


@fact(
    0.3,
    gradient=-math.cos(0.3) * math.sin(11.1) * math.sin(math.sin(0.3))
    + 37 * math.cos(11.1) * math.cos(math.sin(0.3))
    - math.sin(0.3),
)
def nested_sines(x):
    return math.sin(37 * x) * math.cos(math.sin(x)) + math.cos(x)


@fact(1.0, 2.0, -1.0, gradient=(math.cos(1.0), -math.sin(2.0), -(math.tan(-1.0) ** 2 + 1)))
def three_arguments(x, y, z):
    return math.sin(x) + math.cos(y) - math.tan(z)


@fact(0, 5.0, 0, wrt="y", value=5.0, gradient=1.0)
def with_respect_to_the_middle(x, y, z):
    return y


@fact(6.0, 0, value=12.0, gradient=2.0)
def ints_are_constants(x, n):
    return 2 * x + n
