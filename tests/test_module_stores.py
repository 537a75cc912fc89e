"""What is stored in values that a module holds, by whatever way, is refused: other code reads it there.

Each program ends by reading what it stored; the derivative must be the right one or a refusal, in each verb. The
store is made once before, so that one which leaves an equal value there is seen as well.
"""

import copy
import functools
import logging
import types
from typing import Any

import numpy as np
import pytest

import pullback as pb

LOG = logging.getLogger(__name__)


class Recorder:
    def __init__(self) -> None:
        self.items: list[Any] = [0.0]
        self.value = 0.0
        self.count = 0

    def push(self, v: Any) -> None:
        self.items.append(v)

    def put(self, v: Any) -> None:
        self.value = v

    def counted(self, v: Any) -> None:
        self.count += 1

    def __call__(self, v: Any) -> None:
        self.value = v


class Held:
    """A class that holds things, as many a configuration does."""

    items: list[Any] = [0.0]
    array = np.zeros(2)
    table: dict[str, Any] = {}
    value = 0.0
    one = Recorder()

    @staticmethod
    def get() -> Recorder:
        return Held.one

    @classmethod
    def get_by_class(cls) -> Recorder:
        return cls.one

    @staticmethod
    def push(v: Any) -> None:
        Held.items.append(v)

    @staticmethod
    def put_in_array(v: Any) -> None:
        Held.array[0] = v


OBJ = Recorder()
BOX = types.SimpleNamespace(recorder=Recorder(), items=[0.0], array=np.zeros(2), value=0.0)
TABLE: dict[str, Any] = {"a": Recorder(), "items": [0.0]}
SAVED = 0.0
PARTIAL = functools.partial(list.append, BOX.items)
BOUND = BOX.items.append


def get() -> Recorder:
    return OBJ


def items_of() -> list[Any]:
    return OBJ.items


def put(o: Any, v: Any) -> None:
    o.value = v


def closures() -> Any:
    held = 0.0

    def keep(v: Any) -> None:
        nonlocal held
        held = v

    return keep, lambda: held


KEEP, KEPT = closures()


def into_a_global(v: Any) -> None:
    global SAVED
    SAVED = v


def into_globals(v: Any) -> None:
    globals()["SAVED"] = v


def extended(v: Any) -> None:
    items = Held.items
    items += [v]


def through_a_name(v: Any) -> None:
    items = Held.items
    items.append(v)


def through_another(v: Any) -> None:
    TABLE["a"].push(v)


def into_each(v: Any) -> None:
    for recorder in TABLE.values():
        if isinstance(recorder, Recorder):
            recorder.put(v)


def by_updating(v: Any) -> None:
    BOX.__dict__.update(value=v)


def fromkeys(n: int) -> Recorder:
    return OBJ


def put_in_what_is_no_copy(v: Any) -> None:
    same = BOX.array.astype(float, copy=False)
    same[0] = v


# What stores a value, and what reads it afterwards.
STORES: dict[str, tuple[Any, Any]] = {
    "static method appends": (Held.push, lambda: Held.items[-1]),
    "static method stores in an array": (Held.put_in_array, lambda: Held.array[0]),
    "append to a class's list": (lambda v: Held.items.append(v), lambda: Held.items[-1]),
    "item of a class's list": (lambda v: Held.items.__setitem__(0, v), lambda: Held.items[0]),
    "append through a name": (through_a_name, lambda: Held.items[-1]),
    "extend in place": (extended, lambda: Held.items[-1]),
    "append to an object's list": (lambda v: OBJ.items.append(v), lambda: OBJ.items[-1]),
    "append to a list in a dict": (lambda v: TABLE["items"].append(v), lambda: TABLE["items"][-1]),
    "method that appends": (through_another, lambda: TABLE["a"].items[-1]),
    "method that assigns": (lambda v: TABLE["a"].put(v), lambda: TABLE["a"].value),
    "method called in a loop": (into_each, lambda: TABLE["a"].value),
    "object in a namespace": (lambda v: BOX.recorder.push(v), lambda: BOX.recorder.items[-1]),
    "copyto": (lambda v: np.copyto(BOX.array, v), lambda: BOX.array[0]),
    "fill": (lambda v: BOX.array.fill(v), lambda: BOX.array[0]),
    "update of __dict__": (by_updating, lambda: BOX.value),
    "setattr": (lambda v: setattr(BOX, "value", v), lambda: BOX.value),
    "global": (into_a_global, lambda: SAVED),
    "globals()": (into_globals, lambda: SAVED),
    "closure of the module": (lambda v: KEEP(v), lambda: KEPT()),
    "partial": (lambda v: PARTIAL(v), lambda: BOX.items[-1]),
    "bound method": (lambda v: BOUND(v), lambda: BOX.items[-1]),
    "callable object": (lambda v: OBJ(v), lambda: OBJ.value),
    "what a function returned": (lambda v: put(get(), v), lambda: OBJ.value),
    "attribute of what a function returned": (lambda v: setattr(get(), "value", v), lambda: OBJ.value),
    "list that a function returned": (lambda v: items_of().append(v), lambda: OBJ.items[-1]),
    "what a static method returned": (lambda v: put(Held.get(), v), lambda: Held.one.value),
    "what a class method returned": (lambda v: put(Held.get_by_class(), v), lambda: Held.one.value),
    "what `astype` returned without a copy": (put_in_what_is_no_copy, lambda: BOX.array[0]),
    "what a function of a copy's name returned": (lambda v: put(fromkeys(3), v), lambda: OBJ.value),
    "item of a dict": (lambda v: put(TABLE["a"], v), lambda: TABLE["a"].value),
    "attribute of a class": (lambda v: put(Held.one, v), lambda: Held.one.value),
}
VERBS = {
    "gradient": lambda f: pb.gradient(f)(1.3),
    "differential": lambda f: pb.differential(f)(1.3)(1.0),
    "second order": lambda f: pb.gradient(pb.gradient(f))(1.3),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", STORES)
def test_a_store_in_what_a_module_holds_is_refused(name: str, verb: str) -> None:
    store, read = STORES[name]

    def f(x: float) -> Any:
        store(x * x)
        return read() * x

    f(1.3)
    with pytest.raises(pb.DifferentiabilityError):
        VERBS[verb](f)


def read_by_name(x: float) -> Any:
    Held.items.append(x * x)
    return Held.items[-1] * x


def read_through_the_dict(x: float) -> Any:
    globals()["SAVED"] = x * x
    return SAVED * x


def appended_to_a_list_in_a_table(x: float) -> Any:
    Held.table.setdefault("a", []).append(x * x)
    return Held.table["a"][-1] * x


def assigned_to_what_was_returned(x: float) -> Any:
    found = Held.get()
    found.value = x * x
    return Held.one.value * x


def assigned_to_what_a_name_hides(x: float) -> Any:
    found = fromkeys(3)
    found.value = x * x
    return OBJ.value * x


def stored_in_what_is_no_copy(x: float) -> Any:
    same = BOX.array.astype(float, copy=False)
    same[0] = x * x
    return BOX.array[0] * x


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "f",
    [
        read_by_name, read_through_the_dict, appended_to_a_list_in_a_table, assigned_to_what_was_returned,
        assigned_to_what_a_name_hides, stored_in_what_is_no_copy,
    ],
)  # fmt: skip
def test_so_is_one_in_the_differentiated_function_itself(f: Any, verb: str) -> None:
    f(1.3)
    with pytest.raises(pb.DifferentiabilityError, match="is stored in"):
        VERBS[verb](f)




def logged(x: float) -> float:
    LOG.info("x is %s", x)
    return x * x


def logged_by_another(x: float) -> float:
    def tell(v: float) -> None:
        LOG.debug("v is %s", v)

    tell(x * x)
    return x * x


@pytest.mark.parametrize("f", [logged, logged_by_another])
def test_logging_stores_nothing(f: Any) -> None:
    pb.check_derivative(f, 1.3, order=2, modes=("reverse", "forward"))


MASSES = np.array([1.0, 2.0, 3.0])
NUMBERS = [2.0, 1.0]
SETTINGS = {"a": 1.0, "b": 2.0}


def masses() -> Any:
    return MASSES


def copies_of_constants(x: float) -> Any:
    settings, numbers, ordered = SETTINGS.copy(), NUMBERS[:], sorted(NUMBERS)
    settings["a"], numbers[0], ordered[1] = x, x * x, x
    numbers.append(settings["a"])
    return settings["a"] * settings["b"] * numbers[0] * ordered[1] * ordered[0]


def copied_arrays(x: float) -> Any:
    first, some, many, whole = MASSES.astype(float), MASSES[[0, 1]], MASSES[MASSES > 1.0], np.array(masses())
    first[0], some[1], many[0], whole[2] = x, x * x, x, x * x
    return first @ whole * some.sum() * many.sum()


def deep_and_shallow_copies(x: float) -> Any:
    one, other = copy.deepcopy(SETTINGS), copy.copy(NUMBERS)
    one["a"], other[0] = x, x * x
    return one["a"] * one["b"] * other[0]


def a_name_that_held_a_constant(x: float) -> Any:
    a = MASSES
    a = a * x
    a[0] = x * x
    return a.sum() * a[0]


@pytest.mark.parametrize(
    "f", [copies_of_constants, copied_arrays, deep_and_shallow_copies, a_name_that_held_a_constant]
)
def test_a_copy_of_a_constant_may_hold_differentiated_values(f: Any) -> None:
    pb.check_derivative(f, 1.3, modes=("reverse",))
