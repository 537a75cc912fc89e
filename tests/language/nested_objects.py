"""Objects of plain classes that hold one another, read by functions that change something else; generators in such."""

from dataclasses import dataclass, field

from .cases import case


class Node:
    def __init__(self, value, left=None, parent=None):
        self.value = value
        self.left = left
        self.parent = parent
        self.kids = []
        if parent is not None:
            parent.kids.append(self)

    def far(self):
        out = [0.0]
        out[0] = self.left.left.value * self.value
        return out[0]

    def gathered(self):
        acc = [0.0]
        for kid in self.kids:
            acc.append(acc[-1] + kid.gathered() * self.value)
        return acc[-1] + self.value

    def upwards(self):
        seen = []
        node = self
        while node:
            seen.append(node.value)
            node = node.parent
        return sum(v * (i + 1) for i, v in enumerate(seen))

    def walk(self):
        if self.left:
            yield from self.left.walk()
        yield self.value


class Slotted:
    __slots__ = ("left", "value")

    def __init__(self, value, left=None):
        self.value = value
        self.left = left

    far = Node.far


class Team:
    def __init__(self, members):
        self.members = members
        self.named = {"first": members[0]}
        self.me = self

    def product(self):
        out = [0.0]
        out[0] = self.me.members[1].value * self.named["first"].value
        return out[0]


@case(3.0, 1.0)
def an_object_in_an_object(x, y):
    return Node(x * x, Node(1.0, Node(y * y))).far()


@case(3.0, 1.0)
def an_object_with_slots_in_another(x, y):
    return Slotted(x * x, Slotted(1.0, Slotted(y * y))).far()


@case(3.0, 2.0)
def objects_in_a_list_and_a_dict(x, y):
    return Team([Node(x * x), Node(y * y)]).product()


@case(3.0, 2.0)
def a_team_in_a_team(x, y):
    return Team([Team([Node(x * x), Node(y * y)])]).members[0].product()


@case(3.0, 1.5)
def objects_that_know_their_parents(x, y):
    root = Node(x * x)
    a = Node(y * y, parent=root)
    b = Node(x * y, parent=a)
    Node(y, parent=root)
    return root.gathered() + b.upwards()


@case(3.0, 1.0)
def a_walk_through_objects(x, y):
    return sum(i * v for i, v in enumerate(Node(x * x, Node(y * y, Node(x * y))).walk()))


def squares(values):
    for v in values:
        yield v * v


def neighbours(values):
    held = []
    for v in values:
        held.append(v)
        if len(held) == 2:
            yield held[0] * held[1]
            held.pop(0)


def after_the_first(values):
    held = [next(values)]
    for v in values:
        held[0] = held[0] * v
        yield held[0]


def put_together(values):
    held = []
    held.extend(values)
    held[0] *= held[1]
    return sum(held)


@case([1.0, 2.0, 3.0])
def a_generator_that_draws_from_another_and_keeps_a_list(xs):
    return sum(neighbours(squares(xs)))


@case([1.0, 2.0, 3.0])
def the_first_and_the_rest_of_a_generator(xs):
    return sum(after_the_first(squares(xs)))


@case([1.0, 2.0, 3.0])
def a_list_that_is_extended_by_an_iterator_from_outside(xs):
    return put_together(squares(xs)) + put_together(iter(xs))


@dataclass(frozen=True)
class Unit:
    x: float
    y: float
    squared: float = field(init=False)

    def __post_init__(self):
        n = (self.x**2 + self.y**2) ** 0.5
        object.__setattr__(self, "squared", self.x**2)
        object.__setattr__(self, "x", self.x / n)
        object.__setattr__(self, "y", self.y / n)


class Doubling:
    def __init__(self, x):
        self.x = x

    def __setattr__(self, name, value):
        super().__setattr__(name, value * 2.0)


@case(0.3, 0.2)
def a_frozen_dataclass_that_stores_in_post_init(a, b):
    u = Unit(a, b)
    v = Unit(x=u.x * 2 + b, y=u.y)
    return v.x * u.y + v.squared * u.squared


@case(0.3)
def attributes_set_by_name(a):
    d = Doubling(a)
    d.x = d.x * a
    setattr(d, "n", d.x)
    object.__setattr__(d, "q", a * d.n)
    return d.x + d.n * a + d.q
