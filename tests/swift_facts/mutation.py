"""Swift's inout: arguments, fields, items and objects that are changed in place."""

from dataclasses import dataclass

import numpy as np

from .registry import fact


@fact(4.0, 5.0, gradient=(1.0, 1.0))
def plus_equals(x, y):
    result = x
    result += y
    return result


@fact(4.0, 5.0, gradient=(1.0, -1.0))
def minus_equals(x, y):
    result = x
    result -= y
    return result


@fact(4.0, 5.0, gradient=(5.0, 4.0))
def times_equals(x, y):
    result = x
    result *= y
    return result


@fact(4.0, 5.0, gradient=(0.2, -0.16))
def divide_equals(x, y):
    result = x
    result /= y
    return result


@fact(10.0, gradient=1.0)
def helper_that_changes_nothing(x):
    def nothing(box):
        pass

    box = [x]
    nothing(box)
    return box[0]


@fact(3.0, gradient=27.0)
def list_item_times(x):
    pair = [x, x]
    pair[0] = pair[0] * x
    return x * pair[0]


@fact(3.0, gradient=405.0)
def fifth_power_in_a_list(x):
    pair = [x, x]
    pair[0] = pair[0] * x
    pair[1] = pair[0] * x
    return pair[0] * pair[1]


@fact(3.0, gradient=405.0)
def fifth_power_in_nested_lists(x):
    nested = [[x, x], x]
    nested[0][0] = nested[0][0] * x
    nested[0][1] = nested[0][0] * x
    return nested[0][0] * nested[0][1]


@fact(4.0, value=16.0, gradient=8.0)
def mixed_items(x):
    items = [1, [1, 0.0], 0.0]
    items[0] = 1
    items[1][0] = 1
    items[1][1] = x
    items[2] = x
    return items[1][1] * items[2]


def swap(pair):
    tmp = pair[0]
    pair[0] = pair[1]
    pair[1] = tmp


@fact(3.0, 4.0, gradient=(4.0, 3.0))
@fact(5.0, 10.0, gradient=(10.0, 5.0))
def swapped_by_a_helper(x, y):
    pair = [x, y]
    swap(pair)
    return pair[0] * pair[1]


@fact(3.0, 4.0, gradient=(0.0, 1.0))
def first_after_a_swap(x, y):
    pair = [x, y]
    pair[0], pair[1] = pair[1], pair[0]
    return pair[0]


@fact(3.0, 4.0, gradient=(16.0, 24.0))
def helper_that_changes_and_returns(x, y):
    def swap_and_multiply(p):
        p[0], p[1] = p[1], p[0]
        return p[0] * p[1]

    pair = [x, y]
    result = swap_and_multiply(pair)
    return result * pair[0]


@dataclass
class Point:
    x: float
    y: float
    z: float = 0.0


@fact(3.0, gradient=405.0)
def fifth_power_in_an_object(t):
    point = Point(t, t, t)
    point.x = point.x * t
    point.y = point.x * t
    return point.x * point.y


@fact(3.0, gradient=405.0)
def fifth_power_in_an_object_in_a_list(t):
    pair = [Point(t, t, t), t]
    pair[0].x = pair[0].x * pair[1]
    pair[0].y = pair[0].x * t
    return pair[0].x * pair[0].y


@fact(4.0, value=8.0, gradient=2.0)
@fact(-10.0, value=-20.0, gradient=2.0)
def object_changed_in_one_arm(x):
    y = Point(x, x)
    z = Point(x + x, x - x)
    if x > 0:
        w = Point(y.x, y.y)
        y.x = w.y
        y.y = w.x
        z.x = z.x - y.x
        z.y = z.y + y.x
    else:
        z = Point(x, x)
    return y.x + y.y - z.x + z.y


@dataclass
class Holder:
    first: Point
    second: float


@fact(4.0, value=8.0, gradient=2.0)
@fact(-10.0, value=-20.0, gradient=2.0)
def nested_object_changed_in_one_arm(x):
    y = Point(x + x, x - x)
    z = Holder(Point(y.x, y.y), x)
    if x > 0:
        w = Point(x, x)
        y.x = w.y
        y.y = w.x
        z.first.x = z.first.x - y.x
        z.first.y = z.first.y + y.x
    else:
        z = Holder(Point(y.x - x, y.y + x), x)
    return y.x + y.y - z.first.x + z.first.y


class Model:
    def __init__(self, first, second):
        self.first = first
        self.second = second

    def outer(self):
        self.inner()

    def inner(self):
        self.second = self.first
        x = 5
        if x < 50:
            pass


@fact(3.0, 1.0, gradient=(1.0, 0.0))
def method_that_calls_a_changing_method(first, second):
    model = Model(first, second)
    model.outer()
    return model.second


def adjust(model, multiplier):
    model.x = model.y * multiplier
    if multiplier > -1e9:
        pass


@fact(Point(1.0, 3.0), 5.0, gradient=({"x": 0.0, "y": 5.0, "z": 0.0}, 3.0))
def argument_changed_by_a_helper(model, multiplier):
    adjust(model, multiplier)
    return model.x


class Computed:
    def __init__(self, x):
        self._x = x

    @property
    def computed(self):
        return self._x

    @computed.setter
    def computed(self, value):
        self._x = value

    @property
    def doubled(self):
        return self._x + self._x

    @doubled.setter
    def doubled(self, value):
        self._x = value / 2


@fact(3.0, value=9.0, gradient=6.0)
@fact(4.0, value=16.0, gradient=8.0)
def squared_by_a_setter(x):
    s = Computed(1.0)
    s._x *= x
    s.computed *= x
    return s._x


@fact(3.0, value=12.0, gradient=4.0)
def quadrupled_by_a_setter(x):
    s = Computed(1.0)
    s.doubled *= 4 * x
    return s._x


@fact(10.0, value=100.0, gradient=20.0)
def modified_by_itself(x):
    s = Computed(x)
    s.computed *= s.computed
    return s.computed


class Box:
    def __init__(self, x):
        self.x = x

    def square(self):
        self.x *= self.x


@fact(10.0, value=100.0, gradient=20.0)
def squared_by_a_method(x):
    """Swift's own answer here is 1: the case that it documents as wrong."""
    box = Box(x)
    box.square()
    return box.x


@fact(10.0, value=100.0, gradient=20.0)
def replaced_by_a_helper(x):
    def squared(b):
        return Box(b.x * b.x)

    box = Box(x)
    box = squared(box)
    return box.x


class Multiplier:
    def __init__(self, coefficient):
        self.coefficient = coefficient

    def apply(self, x):
        return self.coefficient * x


@fact(1.0, gradient=10.0)
def constant_changed_after_its_use(x):
    m = Multiplier(10.0)
    result = m.apply(x)
    m.coefficient += 1
    return result


class Mut:
    def __init__(self, x):
        self.x = x

    def add(self, y):
        self.x += y

    def add_other(self, other):
        self.x += other.x


@fact(1.0, gradient=1.0)
def added_to_a_constant(y):
    mut = Mut(0.0)
    mut.add(y)
    return mut.x


@fact(3.0, gradient=6.0)
def square_added(y):
    mut = Mut(0.0)
    mut.add(y * y)
    return mut.x


@fact(3.0, gradient=7.0)
def another_object_added(y):
    mut = Mut(y)
    other = Mut(y * y)
    mut.add_other(other)
    return mut.x


@fact([0.0, 0.0], [0.0, 0.0], gradient=([1.0, 1.0], [1.0, 0.0]))
@fact([0.0, 0.0, 0.0, 0.0], [0.0, 0.0], gradient=([1.0, 1.0, 1.0, 0.0], [0.0, 0.0]))
def extended_copy(a, b):
    c = list(a)
    c += b
    return c[0] + c[1] + c[2]


@fact([0.0, 0.0, 0.0], 0.0, cotangent=[1.0, 2.0, 3.0, 4.0], gradient=([1.0, 2.0, 3.0], 4.0))
def appended(xs, element):
    result = list(xs)
    result.append(element)
    return result


@fact([1.0, 2.0, 3.0], cotangent=[4.0, -5.0, 6.0], gradient=[4.0, -5.0, 6.0])
def rebuilt_by_append(xs):
    results = []
    for x in xs:
        results.append(x)
    return results


@fact([1.0, 2.0, 3.0], cotangent=[4.0, -5.0, 6.0], gradient=[4.0, -5.0, 6.0])
def rebuilt_by_plus_equals(xs):
    results = []
    for i in range(len(xs)):
        results += [xs[i]]
    return results


@fact([1.0, 2.0, 3.0], gradient=[2.0, 4.0, 6.0])
def squares_appended(xs):
    squares = []
    for x in xs:
        squares.append(x * x)
    return sum(squares)


@fact([1.0, 2.0, 3.0], 10.0, gradient=([1.0, 0.0, 1.0], 2.0))
def item_of_an_argument_replaced(xs, y):
    xs[1] = 2 * y
    return xs[0] + xs[1] + xs[2]


@fact([1.0, 2.0, 3.0], gradient=[6.0, 2.0, 1.0])
def popped_and_inserted(xs):
    last = xs.pop()
    xs.insert(0, last * 2.0)
    return xs[0] * xs[1] + xs[2] * 2 - last


@fact({"a": 2.0, "b": 3.0}, 4.0, gradient=({"a": 4.0, "b": 0.0}, 2.0))
def dict_item_replaced(values, x):
    values["b"] = values["a"] * x
    return values["b"]


@fact({"a": 2.0}, 4.0, gradient=({"a": 2.0}, 1.0))
def dict_item_added(values, x):
    values["c"] = x
    values["a"] += values["a"]
    return values["a"] + values["c"]


@fact(np.array([1.0, 2.0, 3.0]), 5.0, gradient=(np.array([0.0, 5.0, 1.0]), 2.0))
def array_element_replaced(a, x):
    a[0] = a[1] * x
    return a[0] + a[2]


@fact(np.array([1.0, 2.0, 3.0]), gradient=np.array([4.0, 3.0, 0.0]))
def array_slice_replaced(a):
    a[1:] = a[:2] * 2
    return a[0] + a[1] + a[2] * 1.5 + a[0]


@fact(np.array([1.0, 2.0, 3.0]), gradient=np.array([3.0, 2.0, 2.0]))
def view_changed(a):
    v = a[:2]
    v *= 2
    v[0] += a[1] * 0
    return a.sum() + a[0] * 0.5 + a[2]


@fact(2.0, 3.0, gradient=(12.0, 8.0))
def alias_changed(x, y):
    a = [x, y]
    b = a
    b[0] = x * 2
    return a[0] * a[1] * 2


@fact(3.0, gradient=4.0)
def objects_that_share_a_list(x):
    shared = [x]
    first, second = Box(shared), Box(shared)
    first.x.append(2 * x)
    second.x[0] += x
    return first.x[0] + second.x[1]
