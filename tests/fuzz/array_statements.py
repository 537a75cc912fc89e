"""Productions of arrays that change: stores, operators in place, views, aliases, `out=`, double buffers."""

from __future__ import annotations

from .array_expressions import SHAPES, Shape, array, bounded_array, place_like, view
from .compound_statements import finish, guard
from .statements import Body, statement


def stored(b: Body) -> tuple[str, Shape] | None:
    """An array to change, by any path, or a view of one."""
    found = place_like(b, "arr")
    if found is None:
        return None
    text, (_, shape) = found
    if b.chance(0.25):
        shape = b.rng.choice(SHAPES)
        text = view(b, shape) or ""
    return (text, shape) if text else None


@statement("arrays", 2.5)
def name_array(b: Body) -> bool | None:
    """A name for an array, new or old: an alias or a view."""
    shape = b.rng.choice(SHAPES)
    value = view(b, shape) if b.on("aliases") and b.chance(0.5) else None
    value = value or (bounded_array(b, shape) if b.loops else array(b, shape, 2))
    name = b.target(("arr", shape))
    if name is None:
        return False
    b.emit(f"{name} = {value}")
    b.assign(name, ("arr", shape))
    return None


@statement("stores", 4)
def store_elements(b: Body) -> bool | None:
    found = stored(b)
    if found is None:
        return False
    text, shape = found
    n = shape[0]
    number, i = b.bounded(2), b.index(n)
    if len(shape) == 1:
        forms = [(f"[{i}]", number)] * 4
        forms += [("[1:]", array(b, (n - 1,), 1)), ("[:-1]", b.expr(1)), ("[:]", bounded_array(b, shape))]
        forms += [("[...]", number), (f"[{text} > {b.literal()}]", number)]
        forms += [(f"[[0, {n - 1}]]", bounded_array(b, (2,)) if n != 2 else number)]
        forms += [("[::2]", number), (f"[{i}:{i if i.isdigit() else ''}]", number)]
    else:
        m = shape[1]
        forms = [(f"[{i}, {b.index(m)}]", number)] * 4
        forms += [(f"[{i}]", bounded_array(b, (m,))), (f"[:, {b.index(m)}]", bounded_array(b, (n,)))]
        forms += [(f"[{i}][{b.index(m)}]", number), ("[:]", array(b, (m,), 1)), ("[:, 1:]", number)]
        forms += [(f"[[0, {n - 1}], [{m - 1}, 0]]", bounded_array(b, (2,))), (f"[{text} < 0.3]", number)]
    where, value = b.rng.choice(forms)
    operator = b.rng.choice(["=", "=", "=", "+=", "-=", "*="] if b.on("augstores") else ["="])
    b.emit(f"{text}{where} {operator} {value}")
    return None


@statement("inplace", 2.5)
def in_place(b: Body) -> bool | None:
    """An operator on a whole array: the same array afterwards, if the target is a name or an attribute."""
    found = place_like(b, "arr")
    if found is None:
        return False
    text, (_, shape) = found
    root = text.split(".")[0].split("[")[0]
    if text == root and not b.assignable(root, ("arr", shape)):
        return False  # a name of an enclosing function, or captured
    b.reserved.add(root)
    value = bounded_array(b, shape, 2)
    if text == root:
        b.assign(root, ("arr", shape))
    forms = [f"+= {value}", f"-= {value}", f"*= {value}", f"/= 1.5 + {value} ** 2", f"*= {b.bounded(1)}"]
    b.emit(f"{text} {b.rng.choice([*forms, f'+= {b.bounded(1)}', f'+= {text}[::-1]'])}")
    return None


@statement("fills", 2)
def fill(b: Body) -> bool | None:
    """Functions and methods that write into an array that they are given."""
    found = stored(b)
    if found is None:
        return False
    text, shape = found
    x, y, number = array(b, shape, 1), array(b, shape, 1), b.bounded(1)
    forms = [
        f"{text}.fill({number})", f"np.copyto({text}, {bounded_array(b, shape)})", f"np.sin({x}, out={text})",
        f"np.multiply(np.cos({x}), np.sin({y}), out={text})", f"np.add({text}, np.tanh({x}), out={text})",
    ]  # fmt: skip
    if len(shape) == 1:
        picks = ", ".join(str(b.rng.randrange(shape[0])) for _ in range(2))
        forms += [f"np.add.at({text}, [{picks}], {number})", f"np.add.at({text}, [{picks}], {bounded_array(b, (2,))})"]
        forms.append(f"{text}.sort()" if b.on("sorts") else forms[0])
    b.emit(b.rng.choice(forms))
    return None


@statement("buffers", 1)
def double_buffer(b: Body) -> bool | None:
    """Two arrays that take turns."""
    shape, count = (3,), b.target("int")
    kind = ("arr", shape)
    old, new = b.target(kind), b.target(kind)
    if count is None or old is None or new is None or old == new or guard(b, 3):
        return False
    b.emit(f"{old} = {array(b, shape, 1)}{b.rng.choice(['', '.copy()'])}")
    b.assign(old, kind)
    b.emit(f"{new} = {b.rng.choice(['np.zeros(3)', f'np.zeros_like({old})', f'{old}.copy()', array(b, shape, 0)])}")
    b.assign(new, kind)
    trips = b.rng.randint(1, 3)
    with b.loop(trips):
        b.emit(f"for {count} in range({trips}):")
        b.assign(count, "int")
        b.assign(old, kind)
        b.assign(new, kind)
        b.depth += 1
        b.emit(f"for j_ in range({b.rng.choice(['3', '1, 3'])}):")
        step = b.rng.choice([f"{old}[j_ - 1]", f"{old}[2 - j_]", f"{new}[j_ - 1]"])
        b.emit(f"    {new}[j_] {b.rng.choice(['=', '+='])} math.sin({old}[j_] + {step} * {b.atom()})")
        b.emit(b.rng.choice([f"{old}, {new} = {new}, {old}"] * 2 + [f"{old} = {new}", f"{old}[:] = {new}"]))
        b.depth -= 1
        if b.chance(0.4):
            finish(b, 2)
    return None


@statement("rows", 1)
def each_row(b: Body) -> bool | None:
    """A loop over the rows of a matrix, or over a list of arrays: the loop's name is an alias of each."""
    found = place_like(b, "arrs") if b.chance(0.4) else None
    if found is None:
        found = place_like(b, "arr")
        if found is None or len(found[1][1]) != 2:
            return False
    text, (first, shape) = found
    row = shape if first == "arrs" else shape[1:]
    name = b.target(("arr", row))
    if name is None or guard(b, 3) or text.startswith(name):
        return False
    with b.loop(3):
        b.emit(f"for {name} in {text}:")
        b.assign(name, ("arr", row))
        finish(b, 3)
    return None
