"""What is found out about lists while a function is put in place: which are changed, and which grow in loops.

    xs = [a, b]                   a value, known by its items: nobody changes it
    xs = [a]; xs.append(b)        fixed: an object, whose items are known at each point
    for ...: xs.append(f(x))      growing: buffers of numbers, and a length

A list is a value until something changes it. Then what was put in place is thrown away, and made anew with
what is known by then: so a form is only ever found to be more than was thought.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from pullback.compiled.shapes import Shape, joined
from pullback.compiled.values import CompileError, Maybe, Tup, Value

MOST_UNROLLED = 32  # times a loop is written out, where what its lists hold does not fit into buffers
MOST_DIMENSIONS = 4
MOST_ITEMS = 64  # of a list that the caller holds: each becomes a variable
GIVEN: frozenset[Any] = frozenset()  # no site: a list that the caller holds


class AnotherForm(Exception):  # noqa: N818 (it is no error)
    """More has become known of a list or loop: the function is put in place once more."""


@dataclass(eq=False)
class Form:
    """What is known of the lists that one place in the program makes."""

    growing: bool = False
    mixed: bool = False  # whether some items are ints where others are floats
    item: Shape | None = None  # the form of the items, of a list that grows; None while there are none


@dataclass(eq=False)
class ListForms:
    """The forms of lists by the place where they are made, and the loops that are written out."""

    forms: dict[Any, Form] = field(default_factory=dict)
    recursive: dict[int, Any] = field(default_factory=dict)  # functions that call themselves, see `recursion.py`
    unrolled: dict[Any, CompileError] = field(default_factory=dict)  # with what is refused where that does not help

    def change(self, sites: frozenset[Any]) -> NoReturn:
        """A list is changed. Raises `AnotherForm`."""
        for site in sites:
            self.forms.setdefault(site, Form())
        raise AnotherForm

    def grow(self, sites: list[Any], items: list[Shape]) -> NoReturn:
        """Lists grow, and are one where control flow meets. Raises `AnotherForm`."""
        found = [self.forms[s] if s in self.forms else Form() for s in sites]
        one = found[0]
        for form in found:
            one.item = widened(one.item, form.item)
            one.mixed |= form.mixed
        for item in items:
            one.item = widened(one.item, item)
        one.growing = True
        merged = set(map(id, found))
        for site, form in self.forms.items():
            if id(form) in merged:
                self.forms[site] = one
        for site in sites:
            self.forms[site] = one
        raise AnotherForm

    def unroll(self, loop: Any, error: CompileError) -> NoReturn:
        """A loop is written out. Raises `AnotherForm`."""
        self.unrolled[loop] = error
        raise AnotherForm


def widened(a: Shape | None, b: Shape | None) -> Shape | None:
    """The form of the items of two lists."""
    if a is None or b is None:
        return b if a is None else a
    return joined(a, b)


def fits(shape: Shape | None) -> bool:
    """Whether items of a form may stand in buffers."""
    if shape is None:
        return True
    match shape[0]:
        case "num" | "known":
            return True
        case "arr":
            return shape[2] < MOST_DIMENSIONS and shape[3] in ("float64", "int64")
        case "tup":
            return shape[1] is not list and all(map(fits, shape[2]))
        case "obj":
            return shape[1] not in (list, dict) and all(fits(s) for _, s in shape[2])
    return False


def resited(goal: Value, *sources: Value) -> Value:
    """A value that stands for others: its lists may have been made where theirs were."""
    if isinstance(goal, Maybe):
        inner = resited(goal.value, *(s.value if isinstance(s, Maybe) else s for s in sources))
        return replace(goal, value=inner) if inner is not goal.value else goal
    if not isinstance(goal, Tup):
        return goal
    tuples = [s for s in sources if isinstance(s, Tup) and len(s.items) == len(goal.items)]
    columns = [resited(item, *(t.items[i] for t in tuples)) for i, item in enumerate(goal.items)]
    site = goal.site
    if goal.cls is list:
        sites = [t.site or GIVEN for t in tuples]
        site = frozenset().union(*sites) if all(sites) else GIVEN
    return Tup(tuple(columns), goal.cls, site)
