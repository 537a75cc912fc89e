"""Values that a function is given and changes, while it reads them by a name of their module, too.

There they are constants: the derivative must be the right one or a refusal, in each verb. Each program stores what
it computes in what it is given, or what a callee hands out, and reads it from the module.
"""

import copy
from typing import Any

import numpy as np
import pytest

import pullback as pb


class Item:
    def __init__(self, value: Any) -> None:
        self.value = value


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Registry:
    items: dict[str, Any] = {"a": Item(1.0)}
    array = np.zeros(2)

    def get(self, key: str) -> Any:
        return self.items[key]

    def from_table(self, key: str) -> Any:
        return TABLE[key]


class Recorder:
    shared: list[Any] = [0.0]

    def put(self, v: Any) -> None:
        self.shared.append(v)


TABLE: dict[str, Any] = {"a": Item(1.0), "slotted": Slotted(1.0)}
VALUES: list[Any] = [0.0]
ARRAY = np.zeros(2)
ITEMS = [Item(1.0)]


def get_item(key: str) -> Any:
    return TABLE[key]


def get_beside(key: str, x: Any) -> Any:
    return TABLE[key]


def the_array() -> Any:
    return ARRAY


def the_values() -> Any:
    return VALUES


def value_of_a() -> Any:
    return TABLE["a"].value


def first_entry() -> Any:
    return ARRAY[0]


def put(o: Any, v: Any) -> None:
    o.value = v


def by_default(x: Any, get: Any = get_item) -> Any:
    o = get("a")
    o.value = x * x
    return TABLE["a"].value * x


def by_default_with_x(x: Any, get: Any = get_beside) -> Any:
    o = get("a", x)
    o.value = x * x
    return TABLE["a"].value * x


def registry_by_default(x: Any, registry: Any = Registry()) -> Any:  # noqa: B008
    o = registry.get("a")
    o.value = x * x
    return Registry.items["a"].value * x


def table_by_a_method(x: Any, registry: Any = Registry()) -> Any:  # noqa: B008
    registry.from_table("a").value = x * x
    return TABLE["a"].value * x


def in_a_tuple(x: Any, getters: Any = (lambda: ITEMS[0],)) -> Any:
    o = getters[0]()
    o.value = x * x
    return ITEMS[0].value * x


def table_by_default(x: Any, table: Any = TABLE) -> Any:  # noqa: B006
    table["a"].value = x * x
    return TABLE["a"].value * x


def bound_by_default(x: Any, add: Any = VALUES.append) -> Any:
    add(x * x)
    return VALUES[-1] * x


def made_here(x: Any) -> Any:
    registry = Registry()
    registry.get("a").value = x * x
    return Registry.items["a"].value * x


def array_of_the_class(x: Any) -> Any:
    registry = Registry()
    registry.array[0] = x * x
    return Registry.array[0] * x


def put_in_a_shared_list(x: Any) -> Any:
    recorder = Recorder()
    recorder.put(x * x)
    return Recorder.shared[-1] * x


def by_get(x: Any, get: Any) -> Any:
    put(get("a"), x * x)
    return TABLE["a"].value * x


def by_get_and_a_reader(x: Any, get: Any) -> Any:
    get("a").value = x * x
    return value_of_a() * x


def array_by_get(x: Any, get: Any) -> Any:
    a = get()
    a += x * x
    return ARRAY[0] * x


def values_by_get(x: Any, get: Any) -> Any:
    get().append(x * x)
    return VALUES[-1] * x


def given_registry(x: Any, registry: Any) -> Any:
    registry.items["a"].value = x * x
    return Registry.items["a"].value * x


def given_table(x: Any, table: Any) -> Any:
    table["a"].value = x * x
    return TABLE["a"].value * x


def given_item(x: Any, o: Any) -> Any:
    o.value = x * x
    return value_of_a() * x


def given_slotted(x: Any, o: Any) -> Any:
    o.value = x * x
    return TABLE["slotted"].value * x


def given_list(x: Any, values: Any) -> Any:
    values.append(x * x)
    return VALUES[-1] * x


def given_array(x: Any, a: Any) -> Any:
    a[0] = x * x
    return ARRAY[0] * x


def given_array_and_a_reader(x: Any, a: Any) -> Any:
    a[0] = x * x
    return first_entry() * x


def changed_by_a_parameter(x: Any, a: Any, store: Any) -> Any:
    store(a, x)
    return first_entry() * x


def store(a: Any, x: Any) -> None:
    a[0] = x * x


WRONG = [
    (by_default,), (by_default_with_x,), (registry_by_default,), (table_by_a_method,), (in_a_tuple,),
    (table_by_default,), (bound_by_default,), (made_here,), (array_of_the_class,), (put_in_a_shared_list,),
    (by_get, get_item), (by_get_and_a_reader, get_item), (array_by_get, the_array), (values_by_get, the_values),
    (given_registry, Registry()), (given_table, TABLE), (given_item, TABLE["a"]), (given_slotted, TABLE["slotted"]),
    (given_list, VALUES), (given_array, ARRAY), (given_array, ARRAY[:1]), (given_array_and_a_reader, ARRAY),
    (changed_by_a_parameter, ARRAY, store), (by_get, TABLE.__getitem__),
]  # fmt: skip
MODES = {
    "reverse": lambda f, x, rest: pb.gradient(f, wrt=0)(x, *rest),
    "pullback": lambda f, x, rest: pb.pullback(f, wrt=0)(x, *rest)(1.0),
    "forward": lambda f, x, rest: pb.differential(f, wrt=0)(x, *rest)(1.0),
    "second order": lambda f, x, rest: pb.gradient(pb.gradient(f, wrt=0), wrt=0)(x, *rest) * x / 2.0,
}  # x ** 3 has the derivative 3 x ** 2, and that 6 x


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", WRONG, ids=lambda case: case[0].__name__)
def test_what_is_read_as_a_constant_and_changed_is_refused(case: Any, mode: str) -> None:
    f, *rest = case
    before = copy.deepcopy((TABLE, VALUES, ARRAY, ITEMS, Registry.items, Registry.array, Recorder.shared))
    try:
        f(1.3, *rest)  # so that a store which leaves an equal value is seen as well
        found = MODES[mode](f, 1.3, rest)
    except (pb.DifferentiabilityError, pb.ArgumentError, pb.ChangedValueError):
        return
    finally:
        TABLE["a"].value, TABLE["slotted"].value = before[0]["a"].value, before[0]["slotted"].value
        VALUES[:], ARRAY[:], ITEMS[0].value = before[1], before[2], before[3][0].value
        Registry.items["a"].value, Registry.array[:] = before[4]["a"].value, before[5]
        Recorder.shared[:] = before[6]
    assert found == pytest.approx(3 * 1.3**2)


def test_the_message_says_what_is_read() -> None:
    with pytest.raises(pb.DifferentiabilityError, match="`a` is changed here.*is read as `ARRAY`, too"):
        pb.gradient(given_array, wrt=0)(1.3, ARRAY)
    assert pb.gradient(given_array, wrt=0)(1.3, np.zeros(2)) == 0.0


class Defaults:
    position = np.zeros(2)

    def __init__(self, v: Any) -> None:
        self.v = v

    def step(self) -> "Defaults":
        self.position = self.position + self.v
        return self


class Own:
    items: list[Any] = []

    def __init__(self) -> None:
        self.items = []

    def put(self, v: Any) -> None:
        self.items.append(v)


class World:
    def __init__(self) -> None:
        self.items: list[Any] = []

    def spawn(self) -> Item:
        self.items.append(Item(0.0))
        return self.items[-1]  # type: ignore[no-any-return]


def class_default(x: Any) -> Any:
    return np.sum(Defaults(x).step().step().position ** 2) * x


def own_list(x: Any) -> Any:
    o = Own()
    o.put(x)
    o.put(x * x)
    return o.items[0] * o.items[1]


def made_by_a_parameter(x: Any, make: Any = Item) -> Any:
    o = make(0.0)
    o.value = x * x
    return o.value * x


def reads_another_table(x: Any, table: Any) -> Any:
    table["a"].value = x * x
    return table["a"].value * x * TABLE["slotted"].value


@pytest.mark.parametrize("f", [class_default, own_list, made_by_a_parameter], ids=lambda f: f.__name__)
def test_what_is_not_shared_works(f: Any) -> None:
    pb.check_derivative(f, 1.3, order=2, modes=("reverse", "forward"))


def test_another_object_of_the_kind_works() -> None:
    for make in (lambda: {"a": Item(2.0)},):
        assert pb.gradient(reads_another_table, wrt=0)(1.3, make()) == pytest.approx(3 * 1.3**2)
        assert pb.differential(reads_another_table, wrt=0)(1.3, make())(1.0) == pytest.approx(3 * 1.3**2)
