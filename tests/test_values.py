"""Differentiable values: every kind of number and structure, their tangents, zero and movement."""

from __future__ import annotations

import collections
import copy
import enum
import math
import pickle
import typing
from dataclasses import dataclass, field

import attrs
import numpy as np
import pytest

import pullback as pb

# Numbers -------------------------------------------------------------------------------------------------------------

SCALARS = [3.0, 3 + 0j]
SCALARS += [t(3) for t in (np.float64, np.float32, np.float16, np.longdouble, np.complex64, np.complex128)]


@pytest.mark.parametrize("x", SCALARS, ids=lambda x: type(x).__name__)
def test_scalars_keep_their_type(x):
    cubed = lambda x: (x * x * x).real
    t = pb.gradient(cubed)(x)
    assert type(t) is type(x) and t == 27.0
    assert type(pb.zero_tangent(x)) is type(x) and pb.zero_tangent(x) == 0
    assert type(pb.move(x, along=t)) is type(x) and pb.move(x, along=t) == 30.0


DTYPES = [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128, np.clongdouble]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,), (2, 0), (1, 1, 1)])
def test_arrays_keep_dtype_and_shape(dtype, shape):
    a = np.full(shape, 2, dtype)
    t = pb.gradient(lambda a: np.sum(a * a * 0.5).real)(a)
    assert type(t) is np.ndarray and t.dtype == dtype and t.shape == shape
    assert np.all(t == 2)
    zero = pb.zero_tangent(a)
    assert zero.dtype == dtype and zero.shape == shape and not zero.any()
    moved = pb.move(a, along=t)
    assert moved.dtype == dtype and moved.shape == shape and np.all(moved == 4) and np.all(a == 2)


def test_longdouble_is_not_rounded_to_double():
    x = np.longdouble(1) + np.finfo(np.longdouble).eps
    assert pb.gradient(lambda x: x * x)(x) == 2 * x
    if np.finfo(np.longdouble).eps < np.finfo(np.float64).eps:
        assert pb.gradient(lambda x: x * x)(x) != 2.0


def test_fortran_order_strides_and_read_only_inputs():
    a = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert pb.gradient(lambda a: np.sum(a * a))(a).tolist() == (2 * a).tolist()
    b = np.arange(10.0)[::-3]
    assert pb.gradient(lambda b: np.sum(b * b))(b).tolist() == (2 * b).tolist()
    b.flags.writeable = False
    assert pb.gradient(lambda b: b[0] * b[1])(b).tolist() == [6.0, 9.0, 0.0, 0.0]


def test_big_endian_arrays():
    a = np.array([1.0, 2.0], dtype=">f8")
    t = pb.gradient(lambda a: np.sum(a * a))(a)
    assert t.tolist() == [2.0, 4.0] and t.dtype == a.dtype


@pytest.mark.parametrize(
    ("shapes", "sums"),
    [(((2, 3), (3,)), (3, 2)), (((2, 1), (1, 3)), (3, 2)), (((), (4,)), (4, 1)), (((2, 3), (2, 3)), (1, 1))],
)
def test_broadcasting_is_undone(shapes, sums):
    a, b = np.ones(shapes[0]), np.ones(shapes[1])
    ta, tb = pb.gradient(lambda a, b: np.sum(a + 2.0 * b))(a, b)
    assert (ta.shape, tb.shape) == shapes
    assert np.all(ta == sums[0] * 1.0) or shapes[0] == (2, 3)
    size = np.broadcast(a, b).size
    assert np.sum(ta) == size and np.sum(tb) == 2 * size


def test_a_float_against_an_array():
    t, ta = pb.gradient(lambda x, a: np.sum(x * a))(2.0, np.array([1.0, 3.0]))
    assert t == 4.0 and type(t) is float and ta.tolist() == [2.0, 2.0]


def test_mixed_precision():
    t32, t64 = pb.gradient(lambda a, b: np.sum(a * b))(np.ones(2, np.float32), np.ones(2))
    assert (t32.dtype, t64.dtype) == (np.float32, np.float64)
    t = pb.gradient(lambda x: x.astype(np.float64).sum())(np.ones(2, np.float32))
    assert t.dtype == np.float32


def test_complex_convention():
    """The gradient of a real function of z = x + iy is df/dx - i df/dy."""
    assert pb.gradient(lambda z: z.real)(3 + 4j) == 1.0
    assert pb.gradient(lambda z: z.imag)(3 + 4j) == -1j
    assert pb.gradient(lambda z: abs(z))(3 + 4j) == pytest.approx(0.6 - 0.8j)
    assert pb.gradient(lambda z: (z * z.conjugate()).real)(3 + 4j) == 6 - 8j
    assert pb.gradient(lambda z: np.abs(z) ** 2)(np.complex128(3 + 4j)) == pytest.approx(6 - 8j)
    assert pb.pullback(lambda z: z * z)(3 + 4j)(1.0) == 6 + 8j
    t = pb.gradient(lambda x: ((x + 2j) ** 2).real)(3.0)
    assert type(t) is float and t == 6.0


# Containers ----------------------------------------------------------------------------------------------------------


class Pair(typing.NamedTuple):
    a: float
    b: float
    name: str = "pair"


Plain = collections.namedtuple("Plain", "u v")


@dataclass
class Point:
    x: float
    y: float
    name: str = "p"
    count: int = 3


@dataclass(frozen=True, slots=True)
class Frozen:
    x: float
    inner: Point


@dataclass
class Marked:
    w: float
    k: float = pb.no_derivative(2.0)
    annotated: pb.no_derivative[float] = 3.0
    other: typing.Annotated[float, pb.no_derivative] = 4.0
    array: np.ndarray = pb.no_derivative(np.ones(2))


@attrs.define
class Attrs:
    w: float
    b: float = 1.0
    label: str = ""


@attrs.frozen
class AttrsFrozen:
    w: float


def test_tuples_lists_and_dicts():
    x = (2.0, [3.0, {"k": 5.0, "n": 7}], "text", None)
    t = pb.gradient(lambda x: x[0] * x[1][0] * x[1][1]["k"] * x[1][1]["n"])(x)
    assert t == (105.0, [70.0, {"k": 42.0, "n": pb.NO_TANGENT}], pb.NO_TANGENT, pb.NO_TANGENT)
    assert type(t) is tuple and type(t[1]) is list


def test_what_is_not_read_has_a_zero_of_its_own_kind():
    x = {"a": 2.0, "b": np.ones((2, 3), np.float32), "c": (1.0, [2.0])}
    t = pb.gradient(lambda x: x["a"] * 3.0)(x)
    assert t["a"] == 3.0 and t["b"].dtype == np.float32 and t["b"].shape == (2, 3) and not t["b"].any()
    assert t["c"] == (0.0, [0.0])


def test_named_tuples():
    t = pb.gradient(lambda p: p.a * p.b)(Pair(2.0, 3.0))
    assert type(t) is Pair and (t.a, t.b, t.name) == (3.0, 2.0, pb.NO_TANGENT)
    t = pb.gradient(lambda p: p[0] * p.v)(Plain(2.0, np.float32(3.0)))
    assert type(t) is Plain and t.u == 3.0 and type(t.v) is np.float32

    def unpacked(p):
        a, b, _ = p
        return a * b

    assert pb.gradient(unpacked)(Pair(2.0, 3.0)).a == 3.0
    assert pb.gradient(lambda x: Pair(x, x * 2.0).b)(1.0) == 2.0


def test_dataclasses():
    t = pb.gradient(lambda p: p.x * p.y * p.count)(Point(2.0, 3.0))
    assert (t.x, t.y) == (9.0, 6.0)
    assert set(vars(t)) == {"x", "y"}
    assert repr(t) == "Point.TangentVector(x=9.0, y=6.0)"
    t = pb.gradient(lambda f: f.x * f.inner.y)(Frozen(2.0, Point(5.0, 3.0)))
    assert (t.x, t.inner.x, t.inner.y) == (3.0, 0.0, 2.0)


def test_dataclasses_made_inside():
    def f(x):
        p = Point(x, 2.0 * x)
        q = Frozen(x=p.y, inner=p)
        return q.x * q.inner.x

    assert pb.gradient(f)(3.0) == 12.0


def test_attrs_classes():
    t = pb.gradient(lambda m: m.w * m.b)(Attrs(2.0, 3.0))
    assert (t.w, t.b) == (3.0, 2.0) and set(vars(t)) == {"w", "b"}
    assert pb.gradient(lambda m: m.w * m.w)(AttrsFrozen(2.0)).w == 4.0
    assert pb.gradient(lambda x: Attrs(x, b=x).b)(1.0) == 1.0


def test_fields_without_derivative():
    m = Marked(3.0)
    assert (m.k, m.annotated, m.other) == (2.0, 3.0, 4.0)
    t = pb.gradient(lambda m: m.w * m.k * m.annotated * m.other * np.sum(m.array))(m)
    assert set(vars(t)) == {"w"} and t.w == 48.0
    assert set(vars(pb.zero_tangent(m))) == {"w"}


def test_fields_without_derivative_of_a_layer():
    from pullback import nn

    class Scale(nn.Layer):
        def __init__(self):
            self.w = 2.0
            self.k = pb.no_derivative(3.0)

        def __call__(self, x):
            return x * self.w * self.k

    m = Scale()
    assert m.k == 3.0
    t = pb.gradient(lambda m: m(5.0))(m)
    assert set(vars(t)) == {"w"} and t.w == 15.0
    m.k = 4.0
    assert set(vars(pb.gradient(lambda m: m(5.0))(m))) == {"w"}


class Colour(enum.Enum):
    RED = 1.5


CONSTANTS = [3, True, "text", None, Colour.RED, math, len, range(3), b"x", slice(1), np.int64(3), {1, 2}]


@pytest.mark.parametrize("x", CONSTANTS)
def test_constants_have_no_tangent(x):
    assert pb.zero_tangent(x) is pb.NO_TANGENT
    assert pb.move(x, along=pb.NO_TANGENT) is x
    with pytest.raises(pb.ArgumentError):
        pb.gradient(lambda x: 1.0)(x)


def test_a_function_without_captures_is_a_constant():
    assert pb.gradient(lambda f, x: f(x))(math.sin, 0.0) == 1.0
    assert pb.gradient(lambda x, f: f(x))(0.0, lambda t: t * 3.0) == 3.0


# Shared values accumulate --------------------------------------------------------------------------------------------


def test_one_value_used_twice():
    assert pb.gradient(lambda x: x * x + x)(3.0) == 7.0
    p = Point(2.0, 3.0)
    t = pb.gradient(lambda p: p.x * 2.0 + (lambda q: q.x * q.y)(p))(p)
    assert (t.x, t.y) == (5.0, 2.0)
    assert pb.gradient(lambda a, b: a * b)(3.0, 3.0) == (3.0, 3.0)


def test_one_layer_used_twice():
    from pullback import nn

    layer = nn.Dense(2, 2, dtype=np.float64, rng=0)
    x = np.array([[1.0, 2.0]])
    t = pb.gradient(lambda m: np.sum(m(m(x))))(layer)
    w, ones = layer.weight, np.ones((1, 2))
    h = x @ w
    assert np.allclose(t.weight, h.T @ ones + x.T @ (ones @ w.T))
    assert np.allclose(t.bias, (ones + ones @ w.T)[0])


def test_one_array_in_two_places():
    a = np.array([1.0, 2.0])
    t = pb.gradient(lambda d: np.sum(d["a"] * d["b"]))({"a": a, "b": a})
    assert t["a"].tolist() == [1.0, 2.0] and t["b"].tolist() == [1.0, 2.0]
    t["a"][0] = 100.0
    assert t["b"].tolist() == [1.0, 2.0] and a.tolist() == [1.0, 2.0]


# Tangent vectors -----------------------------------------------------------------------------------------------------


def vector(x, y):
    return pb.gradient(lambda p: p.x * x + p.y * y)(Point(1.0, 1.0))


def test_arithmetic_of_tangent_vectors():
    a, b = vector(1.0, 2.0), vector(10.0, 20.0)
    assert a + b == vector(11.0, 22.0)
    assert b - a == vector(9.0, 18.0)
    assert a * 3.0 == 3.0 * a == vector(3.0, 6.0)
    assert a * 3 == vector(3.0, 6.0)
    assert -a == vector(-1.0, -2.0)
    assert b / 10.0 == a
    assert a + pb.zero_tangent(Point(0.0, 0.0)) == a
    assert a + pb.ZERO == a == pb.ZERO + a
    assert sum([a, b], pb.ZERO) == vector(11.0, 22.0)
    assert a != b and a != 3.0 and not a == b
    assert a == vector(1.0, 2.0)


def test_arithmetic_leaves_the_operands():
    a, b = vector(1.0, 2.0), vector(10.0, 20.0)
    c = a
    c += b
    assert a == vector(1.0, 2.0) and c == vector(11.0, 22.0)


def test_fields_of_tangent_vectors():
    a = vector(1.0, 2.0)
    assert (a.x, a.y) == (1.0, 2.0)
    with pytest.raises(AttributeError, match=r"Point\.TangentVector has no field 'z'.*x, y"):
        _ = a.z
    with pytest.raises(TypeError):
        hash(a)


def test_tangent_vectors_of_nested_objects():
    t = pb.gradient(lambda f: f.x * f.inner.y)(Frozen(2.0, Point(5.0, 3.0)))
    doubled = t + t
    assert (doubled.x, doubled.inner.y) == (6.0, 4.0)
    assert (t * 2.0) == doubled
    assert "inner=Point.TangentVector(x=0.0, y=2.0)" in repr(t)


def test_tangent_vectors_with_arrays():
    @dataclass
    class Model:
        w: np.ndarray
        parts: list

    m = Model(np.ones((2, 2), np.float32), [1.0, (2.0,)])
    t = pb.gradient(lambda m: np.sum(m.w) * m.parts[0] * m.parts[1][0])(m)
    u = t * 0.5 + t
    assert u.w.dtype == np.float32 and np.allclose(u.w, 3.0) and u.parts == [12.0, (6.0,)]
    assert t == t * 1.0 and t != u


def test_tangent_vectors_copy_and_pickle():
    t = vector(1.0, 2.0)
    assert pickle.loads(pickle.dumps(t)) == t
    assert copy.deepcopy(t) == t == copy.copy(t)
    assert pickle.loads(pickle.dumps(pb.ZERO)) is pb.ZERO and copy.deepcopy(pb.NO_TANGENT) is pb.NO_TANGENT


# Zero and movement ---------------------------------------------------------------------------------------------------


def test_zero_tangent_and_move_of_structures():
    x = {"p": Point(1.0, 2.0), "t": (1.0, [2.0]), "n": 3, "pair": Pair(1.0, 2.0)}
    zero = pb.zero_tangent(x)
    assert zero["p"] == vector(0.0, 0.0) and zero["t"] == (0.0, [0.0]) and zero["n"] is pb.NO_TANGENT
    assert zero["pair"] == Pair(0.0, 0.0, pb.NO_TANGENT)
    zero["p"] = vector(0.5, 0.25)
    zero["t"] = (1.0, [10.0])
    moved = pb.move(x, along=zero)
    assert moved["p"] == Point(1.5, 2.25) and moved["t"] == (2.0, [12.0]) and moved["n"] == 3
    assert moved["pair"] == Pair(1.0, 2.0)
    assert x["p"] == Point(1.0, 2.0) and x["t"] == (1.0, [2.0])


def test_move_of_frozen_objects():
    f = Frozen(1.0, Point(2.0, 3.0))
    t = pb.gradient(lambda f: f.x + 10.0 * f.inner.x)(f)
    assert pb.move(f, along=t) == Frozen(2.0, Point(12.0, 3.0)) and f == Frozen(1.0, Point(2.0, 3.0))
    assert pb.move(f, along=pb.ZERO) == f
    assert pb.move(AttrsFrozen(1.0), along=pb.gradient(lambda m: m.w * 3.0)(AttrsFrozen(1.0))) == AttrsFrozen(4.0)


def test_move_checks_the_structure():
    with pytest.raises(pb.CotangentError, match=r"expected shape \(2,\).*got shape \(3,\)"):
        pb.move(np.ones(2), along=np.ones(3))
    with pytest.raises(pb.CotangentError, match="no key 'b'"):
        pb.move({"a": 1.0}, along={"b": 1.0})
    with pytest.raises(pb.CotangentError, match=r"Point\.TangentVector"):
        pb.move(Point(1.0, 2.0), along=3.0)


def test_gradient_descent_with_move():
    p = Point(3.0, -2.0)
    loss = lambda p: (p.x - 1.0) ** 2 + (p.y + 1.0) ** 2
    for _ in range(100):
        p = pb.move(p, along=pb.gradient(loss)(p) * -0.1)
    assert p.x == pytest.approx(1.0) and p.y == pytest.approx(-1.0) and p.name == "p" and p.count == 3


# Types that bring their own tangent space ----------------------------------------------------------------------------


class Angle:
    """By protocol: an angle on the circle whose tangent is a float."""

    def __init__(self, radians):
        self.radians = radians % math.tau

    def zero_tangent(self):
        return 0.0

    def move(self, along):
        return Angle(self.radians + along)


def sine(angle):
    return math.sin(angle.radians)


@pb.derivative(of=sine)
def sine_vjp(angle):
    return math.sin(angle.radians), lambda v: v * math.cos(angle.radians)


def test_the_protocol():
    a = Angle(0.0)
    assert isinstance(a, pb.Differentiable) and not isinstance(3.0, pb.Differentiable)
    assert pb.zero_tangent(a) == 0.0
    assert pb.move(a, along=math.tau + 1.0).radians == pytest.approx(1.0)
    assert pb.gradient(lambda a: sine(a) * 3.0)(a) == 3.0
    assert pb.gradient(lambda a: sine(a) + sine(a))(a) == 2.0
    assert pb.gradient(lambda p: sine(p[0]) * p[1])((a, 2.0)) == (2.0, 0.0)


class Spring:
    def __init__(self, k, length, name):
        self.k, self.length, self.name = k, length, name

    def force(self, x):
        return self.k * (x - self.length)


def test_register_differentiable_with_fields():
    pb.register_differentiable(Spring, fields=("k",))
    s = Spring(2.0, 1.0, "s")
    t = pb.gradient(lambda s: s.force(4.0))(s)
    assert repr(t) == "Spring.TangentVector(k=3.0)"
    assert pb.gradient(lambda x: s.force(x))(4.0) == 2.0
    moved = pb.move(s, along=t)
    assert (moved.k, moved.length, s.k) == (5.0, 1.0, 2.0)


def test_register_differentiable_without_fields():
    @pb.register_differentiable
    class Box:
        def __init__(self):
            self.a, self.b, self.n, self.name = 2.0, np.ones(2), 3, "box"

    t = pb.gradient(lambda m: m.a * np.sum(m.b) * m.n)(Box())
    assert set(vars(t)) == {"a", "b"} and t.a == 6.0 and t.b.tolist() == [6.0, 6.0]


def test_register_differentiable_with_its_own_space():
    class Money:
        def __init__(self, cents):
            self.cents = cents

    pb.register_differentiable(
        Money, zero_tangent=lambda m: 0.0, move=lambda m, along: Money(m.cents + round(100 * along))
    )

    def worth(m):
        return m.cents / 100.0

    pb.derivative(of=worth)(lambda m: (m.cents / 100.0, lambda v: v))
    m = Money(250)
    assert pb.zero_tangent(m) == 0.0
    assert pb.gradient(lambda m: worth(m) * worth(m))(m) == 5.0
    assert pb.move(m, along=0.5).cents == 300
    with pytest.raises(pb.ArgumentError, match="both `zero_tangent` and `move`"):
        pb.register_differentiable(Money, zero_tangent=lambda m: 0.0)
    with pytest.raises(pb.ArgumentError, match="takes a class"):
        pb.register_differentiable(3)


def test_subclasses_of_registered_classes():
    class Base:
        def __init__(self, k):
            self.k = k

    class Derived(Base):
        pass

    pb.register_differentiable(Base)
    assert pb.gradient(lambda d: d.k * d.k)(Derived(3.0)).k == 6.0


def test_an_unknown_class_is_no_differentiable_argument():
    class Opaque:
        def __init__(self):
            self.k = 2.0

    with pytest.raises(pb.ArgumentError, match="Opaque has no tangent space"):
        pb.gradient(lambda o: o.k)(Opaque())


def test_methods_and_properties_of_values():
    @dataclass
    class Tank:
        level: float
        width: float = 2.0
        history: list = field(default_factory=list)

        @property
        def volume(self):
            return self.level * self.width

        def filled(self, amount):
            return Tank(self.level + amount, self.width)

        def __mul__(self, k):
            return Tank(self.level * k, self.width)

        __rmul__ = __mul__

        def __add__(self, other):
            return Tank(self.level + other.level, self.width)

    t, x = pb.gradient(lambda t, x: t.filled(x).volume)(Tank(3.0), 1.0)
    assert (t.level, t.width, x) == (2.0, 4.0, 2.0)
    assert pb.gradient(lambda x: (Tank(x) * 3.0 + 2.0 * Tank(x)).volume)(1.0) == 10.0


def test_copies():
    assert pb.gradient(lambda a: np.sum(copy.copy(a) * copy.deepcopy(a)))(np.ones(2)).tolist() == [2.0, 2.0]
    assert pb.gradient(lambda d: copy.copy(d)["a"] * copy.deepcopy(d)["a"])({"a": 3.0}) == {"a": 6.0}
