"""Productions of simple statements: assignments of every form, displays, unpacking, calls, output."""

from __future__ import annotations

from .statements import Body, statement


@statement("", 8)
def assign(b: Body) -> bool | None:
    value, name = b.value(), b.target("num")
    if name is None:
        return False
    annotation = ": float" if b.on("annotated") and b.chance(0.05) and name not in b.vars else ""
    b.emit(f"{name}{annotation} = {value}")
    b.assign(name, "num")
    return None


@statement("intfloat", 0.7)
def integer_start(b: Body) -> bool | None:
    name = b.target("num")
    if name is None:
        return False
    b.emit(f"{name} = {b.rng.randint(0, 2)}")
    b.assign(name, "num")
    return None


@statement("ints", 1)
def integer(b: Body) -> bool | None:
    value, name = b.integer(), b.target("int")
    if name is None:
        return False
    b.emit(f"{name} = {value} % 7")
    b.assign(name, "int")
    return None


@statement("augassign", 3)
def augmented(b: Body) -> bool | None:
    names = [n for n, k in b.vars.items() if k == "num" and b.assignable(n, "num")]
    if not names:
        return False
    name = b.rng.choice(names)
    b.reserved.add(name)
    value = b.value(2)
    form = b.rng.choice(["+= {}", "-= {}", "*= {}", "+= 0.5 * {}", "/= 1.5 + math.sin({})", "-= {} * {n}"])
    b.emit(f"{name} {form.format(value if form != '*= {}' else b.bounded(1), n=name)}")
    if b.weight > 1 and b.chance(0.5):
        b.emit(f"{name} = math.tanh({name})")
    b.assign(name, "num")
    return None


@statement("swap", 1.5)
def swap(b: Body) -> bool | None:
    names = [n for n, k in b.vars.items() if k == "num" and b.assignable(n, "num")]
    if len(names) < 2:
        return False
    b.rng.shuffle(names)
    b.reserved.update(names[:3])
    x, y, *rest = names
    forms = [f"{x}, {y} = {y}, {x}", f"{x}, {y} = {y}, 0.5 * ({x} + {y})", f"{x}, {y} = {b.value(2)}, {x}"]
    if rest:
        forms.append(f"{x}, {y}, {rest[0]} = {y}, {rest[0]}, {x}")
        forms.append(f"({x}, {y}), {rest[0]} = ({y}, {rest[0]} * {x}), {y} - {x}")
    b.emit(b.rng.choice(forms))
    for n in names[:3]:
        b.assign(n, "num")
    return None


@statement("multiassign", 0.4)
def multiple(b: Body) -> bool | None:
    value, x, y = b.value(2), b.target("num"), b.target("num")
    if x is None or y is None:
        return False
    b.emit(f"{x} = {y} = {value}")
    b.assign(x, "num")
    b.assign(y, "num")
    return None


def display(b: Body, kind: object) -> bool | None:
    value, name = b.of_kind(kind, 2), b.target(kind)
    if name is None:
        return False
    b.emit(f"{name} = {value}")
    b.assign(name, kind)
    return None


@statement("tuple", 1)
def make_tuple(b: Body) -> bool | None:
    return display(b, ("tuple", b.rng.randint(2, 3)))


@statement("list", 1)
def make_list(b: Body) -> bool | None:
    return display(b, ("list", b.rng.randint(2, 4)))


@statement("dict", 0.8)
def make_dict(b: Body) -> bool | None:
    return display(b, ("dict", b.rng.choice([("p", "q"), ("p", "q", "r")])))


@statement("struct", 1)
def make_struct(b: Body) -> bool | None:
    return display(b, ("struct", b.rng.choice(sorted(b.world.structs)))) if b.world.structs else False


@statement("nested", 0.4)
def nested_containers(b: Body) -> bool | None:
    """A container inside a container, read at once: its kind needs no tracking."""
    x, y, z, name = b.expr(1), b.expr(1), b.expr(1), b.target("num")
    if name is None:
        return False
    forms = [
        f"{name} = ({x}, ({y}, {z}))[1][{b.rng.randint(0, 1)}]",
        f"{name} = [[{x}, {y}], [{z}, 1.0]][{b.index(2)}][{b.index(2)}]",
        f"{name} = {{'in': [{x}, {y}], 'out': ({z},)}}['{b.rng.choice(['in', 'out'])}'][0]",
    ]
    b.emit(b.rng.choice(forms))
    b.assign(name, "num")
    return None


@statement("tuple", 1)
def unpack(b: Body) -> bool | None:
    found = [(n, k) for kind in ("tuple", "list") for n, k in b.visible(kind)]
    sources = [(n, k[1]) for n, k in found]
    if b.on("tuplereturn"):
        sources += [(b.call(s, 1), s.returns[1]) for s in b.world.functions if s.returns[0] == "tuple"]
    if not sources:
        return False
    source, count = b.rng.choice(sources)
    b.reads.add(source)
    names = [b.target("num") for _ in range(count)]
    if None in names:
        return False
    b.emit(f"{', '.join(map(str, names))}{',' if count == 1 else ''} = {source}")
    for n in names:
        b.assign(str(n), "num")
    return None


@statement("lambda", 1)
def make_lambda(b: Body) -> bool | None:
    arity = b.rng.randint(1, 2)
    kind = ("func", arity)
    value = b.lambda_(arity)
    if b.on("choice") and b.chance(0.25):
        value = f"{value} if {b.cond(0)} else {b.lambda_(arity)}"
    name = b.target(kind)  # after the body, which may have captured the name's old value
    if name is None:
        return False
    b.emit(f"{name} = {value}")
    b.assign(name, kind)
    return None


@statement("print", 0.5)
def output(b: Body) -> bool | None:
    x, y = b.expr(1), b.atom()
    forms = [f"print({y})", f"print('at', {x}, {y})"]
    if b.on("fstring"):
        forms += [f"print(f'value {{{y}}}')", f"print(f'{{{y}:.4f}} and {{{y}!r}}')"]
    b.emit(b.rng.choice(forms))
    return None


@statement("fstring", 0.3)
def text(b: Body) -> bool | None:
    y = b.atom()
    b.emit(f"label = f'{{{y}:.3e}}'")
    return None


@statement("assert", 0.4)
def check(b: Body) -> bool | None:
    x = b.expr(1)
    forms = [f"assert ({x}) ** 2 >= 0.0", f"assert math.cos({x}) < 1.5, f'too large: {{{b.atom()}}}'"]
    b.emit(b.rng.choice(forms))
    return None
