"""Classes: special methods, fields, copies, inheritance."""

import copy
import dataclasses
import enum
import math
from dataclasses import dataclass, field
from typing import NamedTuple

from .cases import case


@dataclass
class Vec:
    x: float
    y: float

    def __add__(self, o):
        if not isinstance(o, Vec):
            return Vec(self.x + o, self.y + o)
        return Vec(self.x + o.x, self.y + o.y)

    def __radd__(self, o):
        return self if o == 0 else Vec(self.x + o, self.y + o)

    def __sub__(self, o):
        return Vec(self.x - o.x, self.y - o.y)

    def __mul__(self, k):
        return Vec(self.x * k, self.y * k)

    __rmul__ = __mul__

    def __truediv__(self, k):
        return Vec(self.x / k, self.y / k)

    def __neg__(self):
        return Vec(-self.x, -self.y)

    def __pos__(self):
        return Vec(self.x * 2, self.y)

    def __abs__(self):
        return math.hypot(self.x, self.y)

    def __matmul__(self, o):
        return self.x * o.x + self.y * o.y

    def __getitem__(self, i):
        return (self.x, self.y)[i]

    def __len__(self):
        return 2

    def __iter__(self):
        return iter((self.x, self.y))

    def __float__(self):
        return self.x * self.y

    def __complex__(self):
        return complex(self.x, self.y)

    def __round__(self, n=None):
        return Vec(self.x * self.x, self.y)

    def __divmod__(self, o):
        return self.x / o, self.y * o

    def __pow__(self, n):
        return Vec(self.x**n, self.y**n)

    def __rpow__(self, n):
        return Vec(n**self.x, n**self.y)

    def __lt__(self, o):
        return self.norm2() < o.norm2()

    def __contains__(self, v):
        return v == self.x

    def __call__(self, t):
        return self.x * t + self.y

    def __bool__(self):
        return self.x > 0

    def __floordiv__(self, o):
        return self.x * o

    def __mod__(self, o):
        return self.y * o

    def norm2(self):
        return self.x**2 + self.y**2

    @property
    def norm(self):
        return math.sqrt(self.norm2())

    @classmethod
    def polar(cls, r, t):
        return cls(r * math.cos(t), r * math.sin(t))

    @staticmethod
    def dot(a, b):
        return a.x * b.x + a.y * b.y

    def __invert__(self):
        return Vec(self.y, self.x)

    def __trunc__(self):
        return self.x * 3

    def __floor__(self):
        return self.x * 5

    def __ceil__(self):
        return self.x * 7

    def __format__(self, s):
        return "v"

    def __index__(self):
        return 1


V, W = Vec(1.5, 2.5), Vec(0.5, 3.5)


@dataclass
class Post:
    a: float
    b: float = field(init=False)

    def __post_init__(self):
        self.b = self.a * 2


@dataclass(frozen=True)
class Frozen:
    a: float
    n: str = "n"
    tags: list = field(default_factory=list)


class NT(NamedTuple):
    a: float
    b: float = 2.0

    def prod(self):
        return self.a * self.b


@dataclass
class Base:
    k: float

    def f(self, x):
        return self.k * x

    def g(self, x):
        return self.f(x) * 2


@dataclass
class Derived(Base):
    m: float

    def f(self, x):
        return super().f(x) * self.m


@dataclass
class Getattr:
    data: dict

    def __getattr__(self, n):
        if n.startswith("_") or n == "data":
            raise AttributeError(n)
        return self.data[n]


@dataclass
class Poly:
    c: list

    def __call__(self, x):
        y = 0.0
        for a in reversed(self.c):
            y = y * x + a
        return y

    def __getitem__(self, i):
        return self.c[i]

    def __iter__(self):
        for a in self.c:
            yield a

    def __len__(self):
        return len(self.c)

    def __contains__(self, v):
        return v in self.c


class Kind(enum.Enum):
    A = 1
    B = 2


class Matrix:
    def __init__(self, rows):
        self.rows = rows

    def __matmul__(self, o):
        return [sum(a * b for a, b in zip(r, o)) for r in self.rows]


@case(2.0)
def class_inside(x):
    class P:
        k = 3.0

        def __init__(self):
            pass

        @staticmethod
        def f(v):
            return v * v

        def g(self, v):
            return v * self.k

    return P.f(x) + P().g(x)


@case(V, W)
def vec_ops(a, b):
    return abs(a + b * 2.0 - 3.0 * a) + (a @ b) * a.norm + (-a).x + (+a).x + (~a).x


@case(V, W)
def vec_sum(a, b):
    return sum([a, b, a]).norm2()


@case(V, W)
def vec_sum_start(a, b):
    return sum([a, b], Vec(1.0, 1.0)).norm


@case(V)
def vec_abs(a):
    return abs(a)


@case(V)
def vec_float(a):
    return float(a)


@case(V)
def vec_complex(a):
    return abs(complex(a))


@case(V)
def vec_round(a):
    return round(a).x


@case(V)
def vec_divmod(a):
    p, q = divmod(a, 2.0)
    return p * q


@case(V)
def vec_pow(a):
    return pow(a, 3).x + (a**2).y


@case(V)
def vec_rpow(a):
    return (2.0**a).x


@case(V)
def vec_len_getitem(a):
    return a[0] * a[1] * len(a)


@case(V)
def vec_iter(a):
    x, y = a
    return x * y


@case(V)
def vec_list(a):
    return sum(v * v for v in a) + list(a)[0] * tuple(a)[1]


@case(V)
def vec_sum_iter(a):
    return sum(a) * max(a)


@case(V)
def vec_star(a):
    return math.hypot(*a)


@case(V, W)
def vec_lt(a, b):
    return max(a, b).x * min([a, b]).y + sorted([a, b])[0].x


@case(V)
def vec_in(a):
    return a.x * a.y if 99 in a else a.x


@case(V)
def vec_call(a):
    return a(3.0) * a(a.x)


@case(V)
def vec_bool(a):
    return a.x * 2 if a else a.y


@case(V)
def vec_floordiv(a):
    return (a // 2.0) * (a % 3.0)


@case(1.2, 0.4)
def vec_classmethod(r, t):
    v = Vec.polar(r, t)
    return Vec.dot(v, v * 2.0) + v.x


@case(V)
def vec_type(a):
    b = type(a)(a.y, a.x)
    c = a.__class__(a.x * 2, a.y)
    return b.x * c.x


@case(V)
def vec_trunc(a):
    return math.trunc(a) + math.floor(a) + math.ceil(a)


@case(V)
def vec_replace(a):
    b = dataclasses.replace(a, x=a.y * a.x)
    return b.x * b.y


@case(V)
def vec_astuple(a):
    t = dataclasses.astuple(a)
    return t[0] * t[1]


@case(V)
def vec_asdict(a):
    t = dataclasses.asdict(a)
    return t["x"] * t["y"]


@case(V)
def vec_copy(a):
    return copy.copy(a).x * copy.deepcopy(a).y


@case(V)
def vec_getattr(a):
    return getattr(a, "x") * getattr(a, "z", a.y)


@case(V)
def vec_fields(a):
    return sum(getattr(a, f.name) ** 2 for f in dataclasses.fields(a))


@case(V)
def vec_vars(a):
    return sum(v * v for v in vars(a).values())


@case(V)
def vec_dict(a):
    return a.__dict__["x"] * a.y


@case(V)
def vec_neg_mul(a):
    return (2.0 * a).x * (a / 2.0).y


@case(V)
def vec_iadd(a):
    a += Vec(1.0, 2.0)
    a *= 2.0
    return a.x * a.y


@case(Post(1.5))
def post_init_arg(p):
    return p.a * p.b


@case(1.5)
def frozen(x):
    f = Frozen(x)
    g = dataclasses.replace(f, n="m")
    return f.a * g.a


@case(NT(1.5, 2.0))
def nt_methods(n):
    m = n._replace(a=n.b * n.a)
    return m.prod() + m._asdict()["b"] * n[0]


@case(1.5)
def nt_build(x):
    n = NT(x)
    a, b = n
    return a * b + NT(b=x, a=2.0).prod() + NT._make([x, x]).prod()


@case(Derived(1.5, 2.0), 3.0)
def inheritance(d, x):
    return d.g(x) + Base.f(d, x)


@case(Getattr({"u": 2.0, "v": 3.0}))
def dunder_getattr(o):
    return o.u * o.v


@case(Poly([1.0, 2.0, 3.0]), 0.7)
def poly(p, x):
    return p(x) * p[1] + len(p)


@case(1.5)
def enums(x):
    k = Kind.B
    return x * x if k is Kind.B else x * Kind.A.value


@case(1.5)
def enum_value(x):
    return sum(x * k.value for k in Kind)


@case([1.0, 2.0])
def plain_object_const(v):
    m = Matrix([[1.0, 2.0], [3.0, 4.0]])
    return sum(m @ v)


@case(1.7)
def obj_with_slots(x):
    @dataclass(slots=True)
    class S:
        a: float

    return S(x).a * x


class Stepper:
    """One object for the whole module, whose methods change what they are given."""

    def __init__(self):
        self.dt = 0.1
        self.gains = [0.5, 2.0]

    def step(self, body):
        body.x += body.v * self.dt
        body.trail.append(body.x * self.gains[0])

    def twice(self, body):
        self.step(body)
        self.step(body)
        return body


STEPPER = Stepper()


class Body:
    def __init__(self, x, v):
        self.x = x
        self.v = v
        self.trail = [x]


@case(1.5)
def a_global_object_that_changes_its_argument(x):
    body = Body(x, x * x)
    STEPPER.step(body)
    last = STEPPER.twice(body)
    return last.x * body.v + sum(body.trail)


class Stored:
    """A data descriptor that keeps its value in the object."""

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return getattr(instance, self.name)

    def __set__(self, instance, value):
        setattr(instance, self.name, value)


class Squared(Stored):
    def __init__(self, least):
        self.least = least

    def __set__(self, instance, value):
        setattr(instance, self.name, max(value, self.least) ** 2)


class Described:
    x = Stored()
    y = Squared(0.5)

    def __init__(self, x, y):
        self.x = x
        self.y = y


@case(1.2, 0.7)
def descriptors_of_ones_own(x, y):
    d = Described(x, y)
    d.x = d.x * d.y
    d.y += d.x
    return d.x * d.y
