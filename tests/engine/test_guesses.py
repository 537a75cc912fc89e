"""Kinds of items and fields are guessed from the argument at hand; each of these calls breaks a guess."""

from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb


def numeric(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


def of_dict(p):
    return np.sum(p["w"] * p["x"] * p["w"])


def test_items_of_a_dict_change_their_types():
    g = pb.gradient(of_dict)
    for w in (np.array([1.0, 2.0]), 3.0, np.float32(2.0), np.array([[1.0], [2.0]]), np.array([1, 2]), 2, 1.5):
        for x in (np.array([0.5, -1.0]), 0.25, np.array([1.0, 2.0], np.float32)):
            found = g({"w": w, "x": x})
            one = pb.gradient(lambda x: np.sum(w * x * w))(x)
            close(found["x"], one)
            assert np.shape(found["x"]) == np.shape(x)
            if isinstance(w, (int, np.ndarray)) and np.asarray(w).dtype.kind == "i":
                assert found["w"] is pb.zero_tangent(w)
            else:
                close(found["w"], pb.gradient(lambda w: np.sum(w * x * w))(w))


def test_a_key_that_is_missing_is_the_primals_error():
    g = pb.gradient(of_dict)
    g({"w": 1.0, "x": 2.0})
    with pytest.raises(KeyError, match="x"):
        g({"w": 1.0})
    assert g({"w": 3.0, "x": 2.0, "more": 1.0}) == {"w": 12.0, "x": 9.0, "more": 0.0}


def test_something_else_in_the_place_of_a_dict():
    class Getter:
        def __init__(self, values):
            self.values = values

        def __getitem__(self, key):
            return self.values[key]

    def total(p, x):
        return p["w"] * x

    g = pb.gradient(total, wrt=1)
    assert g({"w": 2.0}, 3.0) == 2.0
    assert g(Getter({"w": 5.0}), 3.0) == 5.0
    close(g({"w": np.float64(7.0)}, 3.0), 7.0)


def of_pairs(pairs, x):
    total = 0.0
    for w, b in pairs:
        x = np.tanh(x * w + b)
        total = total + x
    return np.sum(total)


def test_sequences_of_other_lengths_and_contents():
    g = pb.gradient(of_pairs, wrt=(0, 1))
    w, b = np.array([0.5, 1.5]), np.array([0.1, 0.2])
    for pairs in ([(w, b)], [(w, b), (b, w)], [(0.5, 0.25), (w, 1.0)], [(0.5, 0.25)] * 9, [(w, 0.5)] * 20, [(2, 0.5)]):
        for x in (0.3, np.array([0.3, 0.4])):
            d_pairs, d_x = g(pairs, x)
            assert len(d_pairs) == len(pairs)
            close(np.sum(d_x), numeric(lambda x: of_pairs(pairs, x), x))
            if isinstance(pairs[0][1], float):
                moved = lambda b: of_pairs([(pairs[0][0], b), *pairs[1:]], x)  # noqa: B023
                close(d_pairs[0][1], numeric(moved, pairs[0][1]))


def summed(xs):
    total = 0.0
    for x in xs:
        total = total + x * x
    return total


def test_lists_of_floats_then_of_others():
    g = pb.gradient(summed)
    assert g([1.0, 2.0]) == [2.0, 4.0]
    assert g([1.0, 2.0, 3.0]) == [2.0, 4.0, 6.0]
    assert g([0.5] * 100) == [1.0] * 100
    assert g([1.0, 2])[0] == 2.0
    assert [type(t) for t in g([1.0, np.float32(2.0)])] == [float, np.float32]
    assert g((1.0, 2.0)) == (2.0, 4.0)


@dataclass
class Point:
    x: object
    y: object


def moved(p, h):
    return Point(p.x + h * p.y, p.y - h * p.x)


def spiral(p, n):
    for _ in range(n):
        p = moved(p, 0.1)
    return np.sum(p.x * p.x)


def test_objects_in_a_loop_whose_fields_change_their_types():
    g = pb.gradient(spiral, wrt=0)
    for x in (1.0, np.array([1.0, 2.0]), np.float64(0.5), 2):
        for y in (0.5, np.array([0.25, -1.0])):
            t = g(Point(x, y), 4)
            close(np.sum(t.y), numeric(lambda y: spiral(Point(x, y), 4), y))
            if not isinstance(x, int):
                close(np.sum(t.x), numeric(lambda x: spiral(Point(x, y), 4), x))


def alternating(p, n):
    """The kind of a field changes within the loop."""
    for i in range(n):
        p = Point(p.x * 2.0, i) if i % 2 else Point(p.x * p.x, p.y)
    return p.x


def test_a_field_that_changes_its_type_in_the_loop():
    g = pb.gradient(alternating, wrt=0)
    close(g(Point(1.1, 0.5), 5).x, numeric(lambda x: alternating(Point(x, 0.5), 5), 1.1))


def test_a_name_that_changes_its_type_in_the_loop():
    def f(p, n):
        x = p["a"]
        for i in range(n):
            x = x * p["b"] if i % 2 else np.sin(x) + p["a"]
        return np.sum(x)

    g = pb.gradient(f, wrt=0)
    for a in (0.3, np.array([0.3, 0.4])):
        for b in (0.5, np.array([1.5, 2.5]), 2):
            close(np.sum(g({"a": a, "b": b}, 5)["a"]), numeric(lambda a: f({"a": a, "b": b}, 5), a))


class Scaled:
    def __init__(self, k, act):
        self.k = k
        self.act = act

    def __call__(self, x):
        return self.act(x * self.k)

    def shifted(self, x):
        return self(x) + self.k


pb.register_differentiable(Scaled)


def through(m, x):
    return np.sum(m(x) * m.shifted(x))


def test_methods_are_looked_up_again_where_they_change():
    g = pb.gradient(through)
    square = lambda v: v * v

    def check(m, x):
        t, d = g(m, x)
        close(np.sum(d), numeric(lambda x: through(m, x), x))
        close(t.k, numeric(lambda k: through(Scaled(k, m.act), x), m.k))

    check(Scaled(1.5, np.tanh), 0.7)
    check(Scaled(1.5, square), 0.7)
    check(Scaled(1.5, np.tanh), np.array([0.7, 0.2]))
    check(Scaled(1.5, Scaled(0.5, np.sin)), 0.7)
    saved = Scaled.shifted
    try:
        Scaled.shifted = lambda self, x: self.k * x
        check(Scaled(1.5, np.tanh), 0.7)
    finally:
        Scaled.shifted = saved
    check(Scaled(1.5, np.tanh), 0.7)
    own = Scaled(1.5, np.tanh)
    own.shifted = lambda x: 3.0 * x
    close(g(own, 0.7)[1], numeric(lambda x: through(own, x), 0.7))


def test_a_subclass_in_the_place_of_its_base():
    class Doubled(Scaled):
        def __call__(self, x):
            return 2.0 * x * self.k

    def nested(p, x):
        return p["m"](x) * x

    g = pb.gradient(nested, wrt=(0, 1))
    for m in (Scaled(1.5, np.tanh), Doubled(1.5, np.tanh), Scaled(0.5, np.sin)):
        close(g({"m": m}, 0.7)[1], numeric(lambda x: nested({"m": m}, x), 0.7))


class Weights:
    def __init__(self, w, other):
        self.w, self.other = w, other


pb.register_differentiable(Weights)


def elements_of_fields(m, n):
    total = 0.0
    for i in range(n):
        if i % 2:
            total = total + m.w[i] * m.w[i - 1]
        else:
            total = total + m.other[0] * m.w[i] * 0.5
    w = m.w
    for x in m.other:
        total = total * x + w[0]
    return total + np.sum(m.w * m.w) * m.other[1]


def test_elements_of_fields_in_loops():
    g = pb.gradient(elements_of_fields, wrt=0)
    w, other = np.array([0.5, -1.5, 2.0, 0.25]), [0.75, 1.25]
    for inner in (list, tuple):
        t = g(Weights(w, inner(other)), 4)
        for i in range(4):
            step = np.eye(4)[i]
            close(t.w[i], numeric(lambda v: elements_of_fields(Weights(w + v * step, other), 4), 0.0))
        for i in range(2):
            changed = lambda v: [o + v if k == i else o for k, o in enumerate(other)]
            close(t.other[i], numeric(lambda v: elements_of_fields(Weights(w, changed(v)), 4), 0.0))


def changed_inside(x):
    d = {"a": 1.0, "b": 2.0}
    d["a"] = np.array([x, 2.0 * x])
    d["b"] = np.array([x, x])
    return d


def changed_item(x):
    d = changed_inside(x)
    return np.sum(d["a"] * d["b"] * x)


class Box:
    def __init__(self, v):
        self.v = v


def filled(box, x):
    box.v = np.array([x, 3.0 * x])
    return box


def changed_field(p, x):
    return np.sum(filled(p, x).v * x)


def test_what_a_callee_changes():
    close(pb.gradient(changed_item)(1.5), numeric(changed_item, 1.5))
    close(pb.gradient(changed_field, wrt=1)(Box(2.0), 1.5), numeric(lambda x: changed_field(Box(2.0), x), 1.5))


SCALE = 2.0


def scaled(x):
    return x * SCALE


def outer(x):
    y = scaled(x)
    return np.sum(y * y)


def test_a_global_that_changes_its_type_behind_a_call(monkeypatch):
    g = pb.gradient(outer)
    close(g(3.0), 24.0)
    monkeypatch.setitem(globals(), "SCALE", np.array([1.0, 2.0]))
    try:
        found = g(3.0)
    except pb.PullbackError:  # told, and made anew
        found = g(3.0)
    close(found, 30.0)


def grown(xs):
    new = []
    for x in xs:
        if x > 0.0:
            new.append(x * x)
        else:
            new.append(x)
    other = new
    return other[0] * sum(new) + new[-1]


def refilled(xs):
    total = 0.0
    for x in xs:
        row = []
        for k in range(3):
            row.append(x * k)
        row.append(total)
        row[0] = row[1] * row[3] + x
        total = total + row[0] * row[2]
    return total


def looked_at(xs):
    new = []
    for x in xs:
        new.append(x * x + (new[-1] if new else 0.0))
    return new[-1] * new[0]


def second_name(xs):
    new = []
    alias = new
    for x in xs:
        new.append(x * x)
    alias.append(xs[0])
    return alias[-1] * new[0] + new[1] * alias[1]


def made_again(xs):
    total = 0.0
    for x in xs:
        new = []
        new.append(x)
        new.append(x * total)
        total = new[0] * new[1] + x
    return total


@pytest.mark.parametrize("f", [grown, refilled, looked_at, second_name, made_again])
def test_lists_that_are_filled(f):
    xs = [0.5, -1.5, 2.0]
    found = pb.gradient(f)(xs)
    for i in range(3):
        close(found[i], numeric(lambda v: f([*xs[:i], v, *xs[i + 1 :]]), xs[i]))


def test_forward_mode_goes_through_a_list_that_is_filled():
    close(pb.differential(grown)([0.5, 1.5])([1.0, 0.0]), numeric(lambda v: grown([v, 1.5]), 0.5))
