"""Data structures and algorithms over floats: memo tables, heaps, stacks, trees, polynomials, matrices."""

import contextlib
import functools
import heapq
import math
from dataclasses import dataclass, field

import numpy as np

from .registry import program


@program(0.5, 1.5, 2.5)
def dijkstra(a, b, c):
    graph = {"s": [("u", a), ("v", c)], "u": [("v", b), ("t", 3.0)], "v": [("t", a * b)], "t": []}
    best = {"s": 0.0}
    heap = [(0.0, "s")]
    done = set()
    while heap:
        d, node = heapq.heappop(heap)
        if node in done:
            continue
        done.add(node)
        for other, w in graph[node]:
            if other not in best or d + w < best[other]:
                best[other] = d + w
                heapq.heappush(heap, (d + w, other))
    return best["t"] ** 2 + best["v"]


@program(1.1, 6)
def memo_in_a_dict(x, n):
    memo = {}

    def f(k):
        if k < 2:
            return x
        if k not in memo:
            memo[k] = f(k - 1) * math.sin(x) + f(k - 2)
        return memo[k]

    return f(n)


@program(1.1, 6)
def memo_by_lru_cache(x, n):
    @functools.lru_cache(maxsize=None)
    def f(k):
        return x if k < 2 else f(k - 1) * 0.5 + f(k - 2) * x

    return f(n)


@program(2.0, 3.0)
def reverse_polish(a, b):
    stack = []
    for token in ["a", "b", "*", "a", "+", "b", "/", 2.0, "-"]:
        if token == "a":
            stack.append(a)
        elif token == "b":
            stack.append(b)
        elif isinstance(token, float):
            stack.append(token)
        else:
            right, left = stack.pop(), stack.pop()
            if token == "*":
                stack.append(left * right)
            elif token == "+":
                stack.append(left + right)
            elif token == "-":
                stack.append(left - right)
            else:
                stack.append(left / right)
    return stack.pop()


class Num:
    def __init__(self, value):
        self.value = value

    def evaluate(self, env):
        return self.value


class Var:
    def __init__(self, name):
        self.name = name

    def evaluate(self, env):
        return env[self.name]


class Op:
    def __init__(self, symbol, *children):
        self.symbol, self.children = symbol, children

    def evaluate(self, env):
        values = [c.evaluate(env) for c in self.children]
        if self.symbol == "+":
            return sum(values)
        if self.symbol == "*":
            return math.prod(values)
        return math.sin(values[0])


@program(0.7, 1.3)
def expression_tree(x, y):
    tree = Op("+", Op("*", Var("x"), Var("y"), Num(x * 2)), Op("sin", Op("*", Var("x"), Var("x"))))
    return tree.evaluate({"x": x, "y": y})


class Polynomial:
    def __init__(self, *coefficients):
        self.c = list(coefficients)

    def __add__(self, other):
        n = max(len(self.c), len(other.c))
        a = self.c + [0.0] * (n - len(self.c))
        b = other.c + [0.0] * (n - len(other.c))
        return Polynomial(*[p + q for p, q in zip(a, b)])

    def __mul__(self, other):
        out = [0.0] * (len(self.c) + len(other.c) - 1)
        for i, a in enumerate(self.c):
            for j, b in enumerate(other.c):
                out[i + j] += a * b
        return Polynomial(*out)

    def __call__(self, x):
        total = 0.0
        for c in reversed(self.c):
            total = total * x + c
        return total


@program(0.5, 1.2, 0.9)
def polynomial_algebra(a, b, x):
    p = Polynomial(a, 1.0, b)
    q = p * p + Polynomial(b)
    return (q * p)(x)


class Matrix:
    def __init__(self, rows):
        self.rows = [list(r) for r in rows]

    def __getitem__(self, key):
        i, j = key
        return self.rows[i][j]

    def __setitem__(self, key, value):
        i, j = key
        self.rows[i][j] = value

    def __matmul__(self, other):
        n = len(self.rows)
        out = Matrix([[0.0] * n for _ in range(n)])
        for i in range(n):
            for j in range(n):
                for k in range(n):
                    out[i, j] = out[i, j] + self[i, k] * other[k, j]
        return out

    @property
    def trace(self):
        return sum(self.rows[i][i] for i in range(len(self.rows)))


@program(0.5, 1.2)
def matrix_class_power(a, b):
    m = Matrix([[a, b], [b, 1.0]])
    p = m
    for _ in range(3):
        p = p @ m
    p[0, 0] *= 2.0
    return p.trace


@dataclass
class Tree:
    value: float
    left: "Tree | None" = None
    right: "Tree | None" = None

    def insert(self, value):
        side = "left" if value < self.value else "right"
        child = getattr(self, side)
        if child is None:
            setattr(self, side, Tree(value))
        else:
            child.insert(value)

    def total(self, depth=1):
        s = self.value * depth
        for child in (self.left, self.right):
            if child is not None:
                s += child.total(depth + 1)
        return s


@program(0.5, 1.2, 0.9)
def binary_search_tree(a, b, c):
    tree = Tree(a)
    for v in (b, c, a * b, b - c):
        tree.insert(v)
    return tree.total()


@program(0.1, 5.0)
def time_steps_from_a_generator(dt, end):
    def steps():
        t = 0.0
        while t < end:
            h = min(dt * (1 + t), end - t)
            yield t, h
            t += h

    y = 1.0
    history = []
    for t, h in steps():
        y += h * (math.cos(t) - 0.5 * y)
        history.append(y)
    return y + history[3]


@contextlib.contextmanager
def logging(log, name):
    log.append(f"enter {name}")
    yield log
    log.append(f"leave {name}")


@program(0.7)
def with_a_log(x):
    log = []
    with logging(log, "first"):
        y = math.sin(x)
    with logging(log, "second"):
        y = y * x
    return y * len(log)


CONFIG = {"activation": "tanh", "layers": 3, "skip": True}
ACTIVATIONS = {"tanh": math.tanh, "relu": lambda z: max(z, 0.0), "square": lambda z: z * z}


@program(0.7, 0.3)
def configured_by_strings(w, x):
    act = ACTIVATIONS[CONFIG["activation"]]
    h = x
    for _ in range(CONFIG["layers"]):
        new = act(w * h + 0.1)
        h = h + new if CONFIG.get("skip") else new
    return h


@program([0.5, 2.0, 1.0, 1.7])
def sorted_in_place(xs):
    xs.sort(reverse=True)
    total = 0.0
    for i, x in enumerate(xs):
        total += x * 0.5**i
    xs.reverse()
    return total + xs[0] ** 2


@program([0.5, 2.0, 1.0, 1.7])
def bubble_sort(xs):
    n = len(xs)
    for i in range(n):
        for j in range(n - 1 - i):
            if xs[j] > xs[j + 1]:
                xs[j], xs[j + 1] = xs[j + 1], xs[j]
    return xs[0] + 2 * xs[1] ** 2 + 3 * xs[2] ** 3


@dataclass
class Inventory:
    stock: dict = field(default_factory=dict)
    orders: list = field(default_factory=list)

    def receive(self, item, amount):
        self.stock[item] = self.stock.get(item, 0.0) + amount

    def ship(self, item, amount):
        sent = min(amount, self.stock[item])
        self.stock[item] -= sent
        self.orders.append((item, sent))
        return sent


@program(5.0, 0.3)
def inventory(rate, loss):
    shop = Inventory()
    for day in range(4):
        shop.receive("bolt", rate)
        shop.receive("nut", rate * day)
        shop.ship("bolt", 3.0 + day)
        for item in list(shop.stock):
            shop.stock[item] *= 1 - loss
    return sum(a for _, a in shop.orders) + shop.stock["bolt"] * shop.stock["nut"]


@program(0.7, 1.3)
def queue_simulation(arrival, service):
    """Customers in a list; waiting times by what is popped from its front."""
    rng = np.random.default_rng(2)
    t, queue = 0.0, []
    for _ in range(6):
        t += arrival * rng.exponential()
        queue.append(t)
    free, waited = 0.0, 0.0
    while queue:
        came = queue.pop(0)
        start = max(free, came)
        waited += start - came
        free = start + service * (0.5 + rng.random())
    return waited + 0.1 * free


@program([1.0, 2.0, 0.5], 0.3)
def helper_changes_its_argument(xs, k):
    def scale(values, factor):
        for i in range(len(values)):
            values[i] *= factor

    def shift(values):
        values.insert(0, values[-1] * k)
        del values[-1]

    scale(xs, k)
    shift(xs)
    scale(xs, 1 + k)
    return xs[0] * xs[1] + xs[2]


@program([1.0, 2.0, 0.5, 3.0], 0.3)
def slices_of_lists(xs, k):
    alias = xs
    xs[1:3] = [x * k for x in xs[1:3]]
    xs += [k]
    xs.extend(v * v for v in alias[:2])
    return sum(i * v for i, v in enumerate(alias))
