"""Productions of the language to come: list growth, stores, comprehensions, try, with, match."""

from __future__ import annotations

from .statements import Body, statement


@statement("setitem", 1)
def set_item(b: Body) -> bool | None:
    found = b.pick("list") if b.chance(0.6) else b.pick("dict")
    if found is None:
        return False
    name, (shape, size) = found
    key = b.index(size) if shape == "list" else repr(b.rng.choice(size))
    b.emit(f"{name}[{key}] {b.rng.choice(['=', '=', '+=', '*='])} {b.bounded(2)}")
    return None


@statement("append", 1)
def append(b: Body) -> bool | None:
    name, out = b.target(("list", 0), fresh=True), b.target("num")
    if name is None or out is None:
        return False
    b.emit(f"{name} = []")  # not entered among the names in scope: its length is not tracked
    value = b.rng.choice([f"{name}[-1]", f"{name}.pop()", f"sum({name})", f"{name}[0] * {name}[-1]"])
    b.emit(f"for {b.pool('int')[0]}_ in range({b.rng.randint(1, 3)}):")
    b.emit(f"    {name}.append({b.bounded(2)})")
    b.emit(f"{out} = {value}")
    b.assign(out, "num")
    return None


@statement("setattr", 1)
def set_attribute(b: Body) -> bool | None:
    found = b.pick("struct")
    if found is None or found[0] == "self" or b.world.structs[found[1][1]].flavour != "dataclass":
        return False
    field = b.rng.choice(b.world.structs[found[1][1]].fields)
    b.emit(f"{found[0]}.{field} {b.rng.choice(['=', '+='])} {b.bounded(2)}")
    return None


@statement("comprehension", 1)
def comprehension(b: Body) -> bool | None:
    found, out = b.pick("list"), b.target("num")
    if out is None:
        return False
    b.in_iterable = True
    source = found[0] if found else f"[{b.expr(1)}, {b.expr(1)}]"
    b.in_iterable = False
    saved = dict(b.vars)
    b.vars["w"] = "num"
    element, condition = b.expr(2), b.cond(0)
    b.vars = saved
    test = f" if {condition}" if b.chance(0.3) else ""
    left, right = b.rng.choice(["[]", "()"])
    b.emit(f"{out} = sum({left}{element} for w in {source}{test}{right})")
    b.assign(out, "num")
    return None


@statement("try", 0.8)
def try_(b: Body) -> bool | None:
    out = b.target("num")
    if out is None or b.depth > 4:
        return False
    b.emit(f"{out} = {b.value(1)}")
    b.assign(out, "num")
    risky = b.rng.choice([f"math.sqrt({b.expr(1)})", f"math.log({b.expr(1)})", f"1.0 / ({b.integer()} % 2)"])
    b.emit("try:")
    b.emit(f"    {out} = math.tanh({risky})")
    b.emit(f"except {b.rng.choice(['(ValueError, ZeroDivisionError)', 'ArithmeticError', 'Exception'])}:")
    b.emit(f"    {out} = {b.value(2)}")
    if b.chance(0.3):
        b.emit("finally:")
        b.emit(f"    {out} = {out} + {b.atom()}")
    return None


@statement("match", 0.8)
def match_(b: Body) -> bool | None:
    out = b.target("num")
    if out is None or b.depth > 4:
        return False
    x, y = b.expr(1), b.expr(1)
    b.emit(f"match ({x}, {y}):")
    b.emit(f"    case (p_, q_) if p_ < {b.literal()}:")
    b.emit(f"        {out} = math.sin(p_ + q_ * {b.atom()})")
    b.emit("    case (p_, _):")
    b.emit(f"        {out} = p_ * {b.literal()}")
    b.assign(out, "num")
    return None


@statement("starred", 0.6)
def starred(b: Body) -> bool | None:
    found = [n for n, k in b.visible("list") + b.visible("tuple") if k[1] >= 2]
    x = b.target("num")
    if not found or x is None:
        return False
    name = b.rng.choice(found)
    b.reads.add(name)
    b.emit(b.rng.choice([f"{x}, *rest_ = {name}", f"*rest_, {x} = {name}"]))
    b.assign(x, "num")
    b.emit(f"{x} = {x} * 0.5 + sum(rest_)")
    return None


@statement("with", 0.6)
def with_(b: Body) -> bool | None:
    out = b.target("num")
    if out is None or b.depth > 4:
        return False
    b.emit(f"with Scaling({b.expr(1)}) as scaled_:")
    b.emit(f"    {out} = math.sin(scaled_ * {b.atom()})")
    b.assign(out, "num")
    return None
