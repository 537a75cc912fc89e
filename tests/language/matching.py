"""`match`: which case holds is Python's decision, what it captures is read from the subject."""

import enum
import math
from dataclasses import dataclass

from .cases import case


@dataclass
class Circle:
    r: float


@dataclass
class Rect:
    w: float
    h: float


class Kind(enum.Enum):
    A = 1
    B = 2


@dataclass
class Leaf:
    v: float


@dataclass
class Add:
    l: object
    r: object


@dataclass
class Mul:
    l: object
    r: object


def ev(e):
    match e:
        case Leaf(v):
            return v
        case Add(l, r):
            return ev(l) + ev(r)
        case Mul(Leaf(a), Leaf(b)):
            return a * b
        case Mul(l=l, r=r):
            return ev(l) * ev(r)
        case int() | float():
            return e * 1.0
        case _:
            raise TypeError(e)


@case(1.3, 2)
def match_int(x, n):
    match n:
        case 1:
            return x
        case 2:
            return x * x
        case _:
            return x**3


@case(1.3, "cube")
def match_str(x, k):
    match k:
        case "sq" | "square":
            y = x * x
        case "cube":
            y = x**3
        case _:
            raise ValueError(k)
    return y * 2


@case((1.0, 2.0))
def match_seq(p):
    match p:
        case (a,):
            return a
        case (a, b):
            return a * b + a
        case [a, *rest]:
            return sum(rest)


@case([1.0, 2.0, 3.0])
def match_star(p):
    match p:
        case []:
            return 0.0
        case [a]:
            return a
        case [a, *rest, z]:
            return a * z + sum(rest)


@case({"kind": "circle", "r": 2.0})
def match_map(d):
    match d:
        case {"kind": "square", "a": a}:
            return a * a
        case {"kind": "circle", "r": r}:
            return 3.0 * r * r
        case {}:
            return 0.0


@case({"kind": "circle", "r": 2.0, "s": 3.0})
def match_map_rest(d):
    match d:
        case {"kind": "circle", **rest}:
            return rest["r"] * rest["s"]


@case(Rect(2.0, 3.0))
def match_class(s):
    match s:
        case Circle(r):
            return math.pi * r * r
        case Rect(w, h=h):
            return w * h


@case(Rect(2.0, 3.0), Circle(2.0))
def match_class_loop(a, b):
    t = 0.0
    for s in (a, b):
        match s:
            case Circle(r=r) if r > 1:
                t += r * r
            case Rect(w=w, h=h) if w > h:
                t += w
            case Rect() as q:
                t += q.w * q.h
    return t


@case(1.3)
def match_guard(x):
    match x:
        case v if v > 2:
            return v
        case v if v > 1:
            return v * v
        case _:
            return 0.0


@case(1.3)
def match_float(x):
    match x:
        case int():
            return 2.0
        case float(y):
            return y * y


@case(1.3, Kind.B)
def match_enum(x, k):
    match k:
        case Kind.A:
            return x
        case Kind.B:
            return x * x


@case((1.0, (2.0, 3.0)), None)
def match_nested(t, n):
    match t, n:
        case (a, (b, c)), None:
            return a * b * c
        case _:
            return 0.0


@case([("add", 2.0), ("mul", 3.0), ("neg",)], 1.0)
def match_commands(cmds, x):
    for c in cmds:
        match c:
            case ("add", v):
                x = x + v
            case ("mul", v):
                x = x * v
            case ("neg",):
                x = -x
            case _:
                break
    return x * x


@case(1.3, None)
def match_none(x, n):
    match n:
        case None:
            return x * x
        case True | False:
            return x
        case int() | float():
            return x * n


@case(1.3, 2)
def match_loop_continue(x, n):
    t = 0.0
    for i in range(5):
        match i % 3:
            case 0:
                continue
            case 1:
                t += x * i
            case 2 if i > 3:
                return t * x
    return t


@case(Add(Mul(Leaf(2.0), Leaf(3.0)), Mul(Add(Leaf(1.0), Leaf(4.0)), Leaf(5.0))))
def match_ast(e):
    return ev(e)


@case([1.0, 2.0, 3.0])
def match_or_capture(xs):
    t = 0.0
    for item in [("a", xs[0]), (xs[1], "b"), {"k": xs[2]}]:
        match item:
            case ("a", v) | (v, "b"):
                t = t + v * v
            case {"k": v} | {"m": v}:
                t = t + v * 3.0
    return t


@case(1.5)
def match_guard_leak(x):
    match x:
        case y if y > 2:
            r = 1.0
        case _:
            r = y * 3.0
    return r


@case([1.0, 2.0, 3.0, 4.0])
def match_split(xs):
    def total(l):
        match l:
            case []:
                return 0.0
            case [a, *rest]:
                return a * a + total(rest)

    return total(xs)


@case([1.0, 2.0, 3.0, 4.0])
def match_as(xs):
    match xs:
        case [a, (float() | int()) as b, *_] as whole:
            return a * b * whole[2]


@case((1.0, 2.0))
def match_tuple_positions(p):
    match p:
        case (0.0, 0.0):
            return 0.0
        case (x, 0.0):
            return x
        case (0.0, y):
            return y
        case (x, y):
            return x * y
