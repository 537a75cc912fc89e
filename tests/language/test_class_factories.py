"""Objects made by class methods of hierarchies, and by classes that are chosen when the program runs; in every mode."""


import numpy as np
import pytest

import pullback as pb

X = np.array([1.3, 0.72, -0.45, 2.11])
PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


class _Base:

    def __init__(self, v):
        self.v = v

    @classmethod
    def mk(cls, u):
        return cls(u * 2)

    def grown(self, k):
        self.v = self.v * k
        return self

    def step(self):
        self.v = self.v * self.v


class _Derived(_Base):

    @classmethod
    def mk(cls, u):
        o = super().mk(u)
        o.v *= u
        return o

    @classmethod
    def two(cls, u):
        o = cls.mk(u)
        o.v = o.v + u
        return o


class _Deeper(_Derived):

    def __init__(self, v):
        super().__init__(v)
        self.w = v * v

    @classmethod
    def mk(cls, u):
        o = super().mk(u)
        o.w = o.w + o.v
        return o

    def step(self):
        super().step()
        self.w *= self.v


@program
def super_mk(x):
    o = _Derived.mk(x[0])
    o.v *= x[1]
    return o.v * x[2]


@program
def cls_mk(x):
    o = _Derived.two(x[0])
    o.v *= x[1]
    o.step()
    return o.v


@program
def deep_mk(x):
    o = _Deeper.mk(x[0])
    o.step()
    o.w *= x[1]
    return o.w * o.v


@program
def deep_two(x):
    o = _Deeper.two(x[0])
    o.step()
    return o.w * o.v * x[1]


@program
def chosen(x):
    C = _Base if x[0] > 0 else _Derived
    o = C(x[1])
    o.step()
    o.v *= x[0]
    return o.v


@program
def chosen_mk(x, flag=True):
    C = _Derived if flag else _Base
    o = C.mk(x[1])
    o.step()
    o.v *= x[0]
    return o.v


_TABLE = {'a': _Base, 'b': _Deeper}


@program
def from_table(x):
    o = _TABLE['b'](x[0])
    o.step()
    o.w *= x[1]
    return o.w + o.v


@program
def from_table_mk(x):
    o = _TABLE['b'].mk(x[0])
    o.step()
    o.w *= x[1]
    return o.w + o.v


@program
def loop_classes(x):
    t = 0.0
    for C in (_Base, _Derived, _Deeper):
        o = C.mk(x[0])
        o.step()
        t = t + o.v * x[1]
    return t


@program
def class_param(x):

    def run(C, v):
        o = C(v)
        o.step()
        return o
    return run(_Base, x[0]).v * run(_Deeper, x[1]).w


class _Reg:
    kinds = {}

    def __init_subclass__(cls, **kw):
        super().__init_subclass__(**kw)
        _Reg.kinds[cls.__name__] = cls

    @classmethod
    def make(cls, name, *a):
        return cls.kinds[name](*a)


class _RA(_Reg):

    def __init__(self, v):
        self.v = v

    def step(self):
        self.v *= self.v


class _RB(_RA):

    def step(self):
        super().step()
        self.v += 1


@program
def registry(x):
    o = _Reg.make('_RB', x[0])
    o.step()
    o.v *= x[1]
    return o.v


class _Fluent:

    def __init__(self):
        self.t = 0.0

    def add(self, v):
        self.t += v
        return self

    def mul(self, v):
        self.t *= v
        return self

    @classmethod
    def start(cls, v):
        return cls().add(v)


@program
def fluent(x):
    return _Fluent.start(x[0]).mul(x[1]).add(x[2]).mul(x[3]).t


@program
def fluent2(x):
    return _Fluent().add(x[0]).mul(x[1]).add(x[2]).mul(x[3]).t


@program
def type_of(x):
    o = _Deeper(x[0])
    p = type(o)(x[1])
    p.step()
    o.step()
    return p.w * o.v


@program
def self_class(x):

    class K:

        def __init__(self, v):
            self.v = v

        def twin(self, k):
            o = self.__class__(self.v * k)
            o.v += k
            return o
    o = K(x[0]).twin(x[1])
    o.v *= x[2]
    return o.v


@program
def alt(x):
    o = _Alt.from_pair((x[0], x[1]))
    o.a *= 2
    return o.a * o.b


class _Alt:

    def __init__(self, a, b):
        self.a, self.b = (a, b)

    @classmethod
    def from_pair(cls, p):
        return cls(*p)

    @classmethod
    def from_dict(cls, d):
        return cls(**d)

    @staticmethod
    def zero():
        return _Alt(0.0, 1.0)


@program
def alt_dict(x):
    o = _Alt.from_dict({'a': x[0], 'b': x[1]})
    o.a *= x[2]
    z = _Alt.zero()
    z.a += x[3]
    return o.a * o.b * z.a


class _Mixin:

    def reset(self):
        self.v = self.v0

    def scale(self, k):
        self.v = self.v * k


class _WithMixin(_Mixin, _Base):

    def __init__(self, v):
        super().__init__(v)
        self.v0 = v * v


@program
def mixin(x):
    o = _WithMixin.mk(x[0])
    o.scale(x[1])
    a = o.v
    o.reset()
    return a * o.v


@program
def instance_new(x):
    o = _Base.__new__(_Base)
    o.v = x[0]
    o.step()
    return o.v * x[1]


@program
def cls_from_init(x):
    o = _Base.__new__(_Deeper)
    o.__init__(x[0])
    o.step()
    return o.v * o.w


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f, in_every_mode):
    in_every_mode(f, X)


class Held:
    def __init__(self, v):
        self.v = v

    def put(self, v):
        self.v = v


class Holder:
    one = Held(1.0)
    table = {"a": Held(2.0)}
    array = np.ones(2)

    @classmethod
    def get(cls):
        return cls.one

    @classmethod
    def lookup(cls, key):
        return cls.table[key]

    @classmethod
    def numbers(cls):
        return cls.array


class Below(Holder):
    pass


CLASSES = {"a": Holder, "b": Below}


def into_what_a_class_holds(x, flag=True):
    c = Below if flag else Holder
    o = c.get()
    o.v = x * x
    return Holder.one.v * x


def by_a_method(x, flag=True):
    c = Below if flag else Holder
    o = c.lookup("a")
    o.put(x * x)
    return Holder.table["a"].v * x


def by_a_table(x):
    o = CLASSES["b"].get()
    o.put(x * x)
    return Holder.one.v * x


def into_its_array(x):
    o = CLASSES["b"].numbers()
    o[0] = x * x
    return Holder.array[0] * x


def in_a_loop(x):
    for c in (Below, Holder):
        o = c.lookup("a")
        o.v = o.v * x
    return Holder.table["a"].v * x


LOST = [into_what_a_class_holds, by_a_method, by_a_table, into_its_array, in_a_loop]


@pytest.mark.parametrize("f", LOST, ids=lambda f: f.__name__)
def test_what_a_class_holds_is_not_taken_for_new(f):
    for verb in (pb.gradient, lambda f: lambda x: pb.differential(f)(x)(1.0), lambda f: lambda x: pb.hvp(f)(x, 1.0)):
        with pytest.raises((pb.DifferentiabilityError, pb.ChangedValueError)):
            verb(f)(1.3)
