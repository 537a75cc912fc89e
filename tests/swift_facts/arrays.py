"""Swift's arrays: Python's lists, and NumPy's arrays."""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from .registry import fact


@fact([5.0, 6.0, 7.0, 8.0], cotangent=[1.0, 2.0, 3.0, 4.0], gradient=[1.0, 2.0, 3.0, 4.0])
def identity(x):
    return x


@fact([2.0, 3.0, 4.0, 5.0, 6.0, 7.0], gradient=[1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
def sum_of_the_first_three(xs):
    return xs[0] + xs[1] + xs[2]


@fact(np.arange(2.0, 8.0), gradient=np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]))
def sum_of_the_first_three_of_an_array(xs):
    return xs[0] + xs[1] + xs[2]


@fact(1.0, 1.0, cotangent=[1.0, 2.0], gradient=(1.0, 2.0))
def two_elements(x, y):
    return [x, y]


@fact(3.0, 4.0, cotangent=[1.0, 1.0], gradient=(8.0, 6.0))
def one_variable_twice(x, y):
    result = x
    result = result * y
    return [result, result]


@fact(3.0, 4.0, cotangent=[1.0, 1.0], gradient=(8.0, 6.0))
def two_expressions(x, y):
    return [x * y, x * y]


@fact(3.0, 4.0, cotangent=[1.0, 1.0], gradient=(8.0, 6.0))
def literal_of_items(x, y):
    xs = [x * y, x * y]
    return [xs[0], xs[1]]


@fact(1.0, 1.0, cotangent=[1.0, 2.0], gradient=(1.0, 2.0))
def grown_by_concatenation(x, y):
    result = []
    result = result + [x]
    result = result + [y]
    return result


@dataclass
class Pair:
    x: float
    y: float


def elements(s):
    return [s.x, s.y]


@fact(Pair(3.0, 4.0), gradient={"x": 1.0, "y": 0.0})
def first_field_through_a_list(s):
    return elements(s)[0]


@fact(Pair(3.0, 4.0), gradient={"x": 4.0, "y": 3.0})
def product_of_two_lists(s):
    return elements(s)[0] * elements(s)[1]


@fact(Pair(3.0, 4.0), gradient={"x": 4.0, "y": 3.0})
def product_of_items(s):
    copy = Pair(s.x, s.y)
    xs = elements(copy)
    return xs[0] * xs[1]


@fact(3.0, 4.0, gradient=(4.0, 3.0))
def list_of_objects(x, y):
    pairs = [Pair(x, y), Pair(y, x)]
    return pairs[0].x * pairs[1].x


@fact(3.0, 4.0, cotangent=[1.0, 1.0], gradient=(1.0, 1.0))
def nested_four_deep(x, y):
    result = [[[[x, y]]]]
    return result[0][0][0]


@fact(3.0, 4.0, cotangent=[1.0, 1.0, 1.0, 1.0], gradient=(2.0, 2.0))
def nested_and_joined(x, y):
    result = [[x, y], [x, y]]
    return result[0] + result[1]


@fact(3.0, 4.0, value=[3.0, 4.0], cotangent=[1.0, 1.0], gradient=(1.0, 1.0))
def convoluted_nesting(x, y):
    result = [[], [x]]
    result = result + []
    result = result + [[]]
    result = result + [[y]]
    nested = [result, [], result]
    return nested[0][1] + result[3]


@fact(3.0, 4.0, True, cotangent=[1.0, 1.0], gradient=(8.0, 6.0))
@fact(3.0, 4.0, False, cotangent=[1.0, 1.0], gradient=(8.0, 6.0))
def chosen_by_conditions(x, y, flag):
    result = [x * y, x * y]
    result2 = result if flag else result
    return (result2 if flag else result) if flag else result2


@fact(3.0, 4.0, True, cotangent=[1.0, 1.0], gradient=(1.0, 1.0))
@fact(3.0, 4.0, False, cotangent=[1.0, 2.0], gradient=(1.0, 2.0))
def nested_literals_and_conditions(x, y, flag):
    result = []
    result2 = result + [[x]] if flag else result + [[x]]
    result3 = (result2 + [[y]] if flag else result2 + [[y]]) if flag else result2 + [[y]]
    return result3[0] + [result3[1][0]]


@fact([0.0, 0.0], [0.0, 0.0], gradient=([1.0, 1.0], [1.0, 0.0]))
@fact([0.0, 0.0, 0.0, 0.0], [0.0, 0.0], gradient=([1.0, 1.0, 1.0, 0.0], [0.0, 0.0]))
def first_three_of_two_lists(a, b):
    c = a + b
    return c[0] + c[1] + c[2]


@fact([1.0, 2.0, 3.0], cotangent=[4.0, -5.0, 6.0], gradient=[4.0, -5.0, 6.0])
def rebuilt_by_concatenation(xs):
    results = []
    for i in range(len(xs)):
        results = results + [xs[i]]
    return results


@fact(0.0, gradient=10.0)
def repeated_in_a_list(x):
    return sum([x] * 10)


@fact(0.0, gradient=3.0)
def summed_by_reduce(x):
    return reduce(lambda a, b: a + b, [x, x, x], 0.0)


@fact([1.0, 2.0, 3.0], cotangent=[1.0, 1.0, 1.0], gradient=[3.0, 3.0, 3.0])
def mapped_by_three(xs):
    return [3 * x for x in xs]


@fact([1.0, 2.0, 3.0], cotangent=[1.0, 1.0, 1.0], gradient=[2.0, 4.0, 6.0])
def mapped_by_squares(xs):
    return list(map(lambda x: x * x, xs))


@fact([1.0, 2.0, 3.0], gradient=[6.0, 3.0, 2.0])
def product_by_reduce(xs):
    return reduce(lambda a, b: a * b, xs, 1.0)


@fact([1.0, 2.0, 3.0], gradient=[2.0, 4.0, 6.0])
def sum_of_squares_by_reduce(xs):
    return reduce(lambda a, b: a + b * b, xs, 0.0)


@fact([2.0, 3.0], cotangent=[10.0, 10.0], gradient=[10.0, 10.0])
def maximum_that_is_not_used(xs):
    top = max([x for x in xs])
    print(top)
    return xs


@fact([Pair(10.0, 1.0)], gradient=[{"x": 1.0, "y": 0.0}])
def objects_of_a_list(pairs):
    kept = [p for p in pairs]
    return kept[0].x


@fact(Pair(10.0, 1.0), gradient={"x": 1.0, "y": 0.0})
def one_object_twice_in_nested_lists(s):
    result = [[s, s]]
    return result[0][1].x


@fact([1.0, 2.0, 3.0, 4.0], gradient=[0.0, 4.0, 4.0, 0.0])
def slices(xs):
    middle = xs[1:3]
    return sum(middle) * 4


@fact([1.0, 2.0, 3.0], gradient=[3.0, 0.0, 1.0])
def negative_indices(xs):
    return xs[-1] * xs[0]


@fact([2.0, 1.0, 3.0], cotangent=[1.0, 2.0, 3.0], gradient=[3.0, 2.0, 1.0])
def reversed_list(xs):
    return xs[::-1]
