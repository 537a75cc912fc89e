"""Lists, dicts, deques and objects changed in place, and seen by others who hold them."""

import copy
import heapq
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

from .registry import program


@program([1.0, 2.0, 3.0], 0.5)
def list_methods(xs, k):
    xs.append(k * xs[0])
    xs.insert(1, k)
    xs.extend([xs[2] * 2, k * k])
    last = xs.pop()
    first = xs.pop(0)
    xs.remove(xs[1])
    xs.reverse()
    return sum(i * x for i, x in enumerate(xs)) + last * first


@program([1.0, 2.0, 3.0], 0.5)
def list_operators(xs, k):
    ys = xs
    xs += [k]
    xs *= 2
    ys[0:2] = [k * y for y in ys[0:3]]
    del xs[-1]
    del ys[1:3]
    xs[::2] = [x * k for x in xs[::2]]
    return sum(i * x for i, x in enumerate(ys)) + len(ys) * k


@program([3.0, 1.0, 2.0], 0.5)
def list_sorted_and_searched(xs, k):
    xs.sort(key=lambda x: -x * k)
    xs.append(k)
    i = xs.index(k)
    xs[i], xs[0] = xs[0] * 2, xs[i]
    ys = sorted(xs)
    xs.clear()
    return ys[0] + ys[1] * ys[-1] ** 2 + len(xs)


@program([1.0, 2.0], 0.5)
def shared_rows(xs, k):
    """`[row] * 2` holds one row twice."""
    rows = [xs] * 2
    rows[0][1] = k
    separate = [list(xs) for _ in range(2)]
    separate[0][0] = k * k
    return rows[1][1] * rows[1][0] + separate[0][0] * separate[1][0]


@program([1.0, 2.0], 0.5)
def copies_shallow_and_deep(xs, k):
    nested = [xs, [k]]
    shallow, deep = list(nested), copy.deepcopy(nested)
    xs[0] *= 3
    nested[1] = [7.0 * k]
    shallow[1][0] += 1
    return shallow[0][0] * deep[0][0] + shallow[1][0] + nested[1][0] * deep[1][0]


@program({"a": 1.0, "b": 2.0}, 0.5)
def dict_methods(d, k):
    d.setdefault("a", 100.0)
    d.setdefault("c", k)
    d.update(b=k * d["b"], e=d["a"])
    d |= {"f": k * 3}
    b = d.pop("b")
    gone = d.pop("zz", k)
    last = d.popitem()[1]
    del d["e"]
    return sum(d.values()) * b + gone * last


@program({"a": 1.0, "b": 2.0}, 0.5)
def dict_views_are_live(d, k):
    values, items = d.values(), d.items()
    d["c"] = k
    d["a"] = k * d["b"]
    return sum(values) * sum(v for _, v in items)


@program({"a": [1.0, 2.0]}, 0.5)
def lists_in_dicts(d, k):
    d["a"].append(k)
    d.setdefault("b", []).append(d["a"][0] * k)
    for name in d:
        d[name][0] *= 2
    return sum(d["a"]) * d["b"][0]


@program([0.3, 1.2, 0.7], 0.5)
def grouped(xs, k):
    groups = defaultdict(list)
    totals = Counter()
    for x in xs:
        groups["low" if x < 0.5 else "high"].append(x * k)
        totals["n"] += x
    return sum(groups["high"]) * sum(groups["low"]) + totals["n"]


@program([0.3, 1.2, 0.7], 0.5)
def deque_both_ends(xs, k):
    q = deque(xs, maxlen=4)
    q.appendleft(k)
    q.append(k * k)
    q.rotate(1)
    a, b = q.popleft(), q.pop()
    q[0] *= 2
    return a * b + sum(q) ** 2


@program([3.0, 1.0, 2.0], 0.5)
def heap_of_floats(xs, k):
    heap = list(xs)
    heapq.heapify(heap)
    heapq.heappush(heap, k * 3)
    first = heapq.heappop(heap)
    second = heapq.heapreplace(heap, k * 10)
    return first * 2 + second**2 + sum(heapq.nsmallest(2, heap))


@program([1.0, 2.0, 3.0], 0.5)
def changed_while_gone_through(xs, k):
    total = 0.0
    for x in xs:
        total += x
        if len(xs) < 5:
            xs.append(x * k)
    for i, x in enumerate(xs):
        xs[(i + 1) % len(xs)] = x * 0.9
        total *= 1 + 0.01 * x
    return total + xs[0]


@dataclass
class Node:
    value: float
    children: list = field(default_factory=list)
    parent: "Node | None" = None

    def add(self, value):
        child = Node(value, parent=self)
        self.children.append(child)
        return child

    def push_up(self):
        for child in self.children:
            child.push_up()
        if self.parent is not None:
            self.parent.value += 0.5 * self.value


@program(1.0, 0.5)
def tree_with_parents(x, k):
    """Objects that hold each other."""
    root = Node(x)
    left, right = root.add(k), root.add(x * k)
    left.add(x + k).value *= 2
    root.push_up()
    right.parent = left
    right.push_up()
    return root.value * left.value


class Account:
    opened = 0.0

    def __init__(self, balance, owner=None):
        self.balance = balance
        self.owner = owner
        self.history = []
        Account.last = self

    def deposit(self, amount):
        self.history.append(amount)
        self.balance += amount
        return self

    def __iadd__(self, amount):
        return self.deposit(amount)

    def __setitem__(self, key, value):
        self.history[key] = value

    def __getitem__(self, key):
        return self.history[key]

    def __del__(self):
        pass


@program(10.0, 0.5)
def chained_methods(x, k):
    account = Account(x).deposit(k * x).deposit(3.0)
    same = account
    account += k
    account[0] *= 2
    same.balance -= account[0]
    return account.balance * account[2] + sum(same.history)


@program(10.0, 0.5)
def transfer_to_itself(x, k):
    def transfer(a, b, amount):
        a.balance -= amount
        b.balance += amount * k

    one, other = Account(x), Account(x * k)
    transfer(one, other, k)
    transfer(one, one, k)
    return one.balance * other.balance


@program(1.0, 0.5)
def attributes_by_name(x, k):
    class Bag:
        pass

    bag = Bag()
    for i, name in enumerate(["a", "b", "c"]):
        setattr(bag, name, x * (i + k))
    bag.__dict__["d"] = bag.a * bag.b
    vars(bag).update(e=k)
    del bag.a
    bag.b += getattr(bag, "c") * getattr(bag, "zz", x)
    return bag.b * bag.d * bag.e + hasattr(bag, "a") * x


@program(1.0, 0.5)
def class_attribute_shadowed(x, k):
    class Config:
        rate = 2.0

        def __init__(self):
            self.scale = x

    a, b = Config(), Config()
    a.rate = k
    a.rate *= x
    return a.rate * b.rate + a.scale * b.scale


@program(1.0, 0.5)
def slots_and_properties(x, k):
    class Limited:
        __slots__ = ("_v", "count")

        def __init__(self, v):
            self.v = v
            self.count = 0

        @property
        def v(self):
            return self._v * 2

        @v.setter
        def v(self, value):
            self._v = min(value, 15.0)

    item = Limited(x)
    for _ in range(3):
        item.v = item.v * k + x
        item.count += 1
    item.v += k
    return item.v * item.count


@program(1.0, 0.5)
def nonlocal_state(x, k):
    total, calls = x, 0

    def step(dx):
        nonlocal total, calls
        total = total * k + dx
        calls += 1
        return total

    first = step(x)
    second = step(first)
    return first * second + total * calls


@program(1.0, 0.5)
def counters_made_by_a_factory(x, k):
    def make(start):
        value = start

        def add(d):
            nonlocal value
            value += d * k
            return value

        def get():
            return value

        return add, get

    add, get = make(x)
    other, peek = make(x * 2)
    add(1.0)
    other(get())
    add(peek())
    return get() * peek()


@program([1.0, 2.0, 3.0], 0.5)
def undo_stack(xs, k):
    undo = []
    for i in range(3):
        undo.append((i, xs[i]))
        xs[i] = xs[i] * k + xs[i - 1]
    for _ in range(2):
        i, old = undo.pop()
        xs[i] = old * 1.1
    return xs[0] * xs[1] + xs[2] ** 2


@program([1.0, 2.0, 3.0], 0.5)
def swapped_buffers_of_lists(xs, k):
    old, new = list(xs), [0.0] * 3
    for _ in range(4):
        for i in range(3):
            new[i] = old[i] * k + old[i - 1] * (1 - k)
        old, new = new, old
    return sum(i * x for i, x in enumerate(old)) + new[0] ** 2


@program(1.0, 0.5)
def tuple_that_holds_a_list(x, k):
    t = ([x], k)
    t[0].append(t[0][0] * k)
    t[0][0] += 1.0
    a, b = t[0]
    return a * b + t[1]


@program([[1.0, 2.0], [3.0, 4.0]], 0.5)
def rows_eliminated(m, k):
    m[0] = [a * k for a in m[0]]
    f = m[1][0] / m[0][0]
    for j in range(2):
        m[1][j] -= f * m[0][j] + k
    m[0], m[1] = m[1], m[0]
    return m[0][1] * m[1][0] + m[0][0]


@program(1.0, 0.47)
def events_in_a_queue(x, k):
    """A simulation loop: events are popped, and make new events."""
    queue, clock, total = [(0.0, "start", x)], 0.0, 0.0
    while queue and clock < 3.0:
        queue.sort(key=lambda e: e[0])
        clock, kind, amount = queue.pop(0)
        total += amount * (1 + clock)
        if kind == "start":
            queue.append((clock + k, "start", amount * k))
            queue.append((clock + 1.7 * k, "end", amount * amount))
    return total + clock
