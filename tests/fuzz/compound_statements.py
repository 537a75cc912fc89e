"""Productions of compound statements: branches, loops with jumps, nested functions."""

from __future__ import annotations

from .statements import Body, statement

DEEPEST = 5
MOST_ITERATIONS = 40


def jumps(b: Body) -> bool:
    return b.chance(0.35)


@statement("if", 4)
def if_(b: Body) -> bool | None:
    if b.depth > DEEPEST:
        return False
    size = 3 if b.depth < 3 else 2

    def arm(head: str) -> None:
        b.emit(head)
        b.block(size, jump=jumps(b))

    arms = [f"if {b.cond()}:"]
    while b.chance(0.25):
        arms.append(f"elif {b.cond()}:")
    has_else = b.chance(0.5)

    def else_() -> None:
        if has_else:
            arm("else:")
        else:
            b.ended = False

    b.branches(*[lambda head=head: arm(head) for head in arms], else_)
    return None


def guard(b: Body, trips: int) -> bool:
    return b.depth > DEEPEST or b.weight * trips > MOST_ITERATIONS


def finish(b: Body, size: int) -> None:
    """The body of a loop, and perhaps its `else`."""
    b.block(size, jump=b.chance(0.05))


def or_else(b: Body) -> None:
    if b.on("loopelse") and b.chance(0.2):
        b.emit("else:")
        b.branches(lambda: b.block(2, jump=b.chance(0.2)), lambda: setattr(b, "ended", False))


@statement("for", 2.5)
def for_range(b: Body) -> bool | None:
    trips = b.rng.randint(1, 4)
    name = b.target("int")
    if name is None or guard(b, trips):
        return False
    first = b.rng.randint(0, 2)
    spans = [f"range({trips})", f"range({trips})", f"range({first}, {first + trips})", f"range({trips * 2}, 0, -2)"]
    if b.chance(0.1):
        spans = ["range(0)"]
    with b.loop(trips):
        b.emit(f"for {name} in {b.rng.choice(spans)}:")
        b.assign(name, "int")
        locked = name not in b.protected and b.chance(0.7)
        if locked:
            b.protected.add(name)
        finish(b, 4)
        if locked:
            b.protected.discard(name)
    or_else(b)
    return None


@statement("while", 1.5)
def while_(b: Body) -> bool | None:
    trips = b.rng.randint(1, 4)
    name = b.target("int")
    if name is None or guard(b, trips):
        return False
    b.emit(f"{name} = 0")
    b.assign(name, "int")
    forever = b.on("truewhile") and b.on("break") and b.chance(0.2)
    condition = "True" if forever else f"{name} < {trips}"
    if not forever and b.chance(0.3):
        condition = b.rng.choice([f"{condition} and {b.cond(0)}", f"{b.expr(1)} < 1.5 and {condition}"])
    with b.loop(trips):
        b.emit(f"while {condition}:")
        b.assign(name, "int")  # by the counting line below: no lambda may capture it
        b.protected.add(name)
        b.depth += 1
        b.emit(f"{name} += 1")
        if forever:
            b.emit(f"if {name} > {trips}{b.rng.choice(['', f' or {b.cond(0)}'])}:")
            b.emit("    break")
        b.depth -= 1
        finish(b, 4)
        b.protected.discard(name)
    or_else(b)
    return None


@statement("foreach", 1.5)
def for_each(b: Body) -> bool | None:
    if guard(b, 3):
        return False
    values, source = b.target("num"), b.pick("list") or b.pick("tuple")
    n = b.rng.randint(1, 3)
    shown = source[0] if source and b.chance(0.6) else f"[{', '.join(b.expr(1) for _ in range(n))}]"
    other = f"[{', '.join(b.expr(1) for _ in range(n))}]"
    count, second = b.target("int"), b.target("num")
    if values is None or second is None:
        return False
    heads = [(f"for {values} in {shown}:", [(values, "num")])]
    if b.on("enumerate") and count is not None:
        heads.append((f"for {count}, {values} in enumerate({shown}):", [(count, "int"), (values, "num")]))
    if b.on("zip") and values != second:
        heads.append((f"for {values}, {second} in zip({shown}, {other}):", [(values, "num"), (second, "num")]))
        heads.append((f"for {values}, {second} in [({b.expr(1)}, {b.expr(1)}), ({b.expr(0)}, 0.5)]:", heads[-1][1]))
    table = b.pick("dict")
    if b.on("items") and table is not None:
        heads.append((f"for {values} in {table[0]}.values():", [(values, "num")]))
        heads.append((f"for key, {values} in {table[0]}.items():", [(values, "num")]))
    if b.on("reversed"):
        heads.append((f"for {values} in reversed({shown}):", [(values, "num")]))
    head, targets = b.rng.choice(heads)
    with b.loop(3):
        b.emit(head)
        for name, kind in targets:
            b.assign(name, kind)
        finish(b, 3)
    or_else(b)
    return None


@statement("onepath", 0.8)
def one_path(b: Body) -> bool | None:
    """A variable that exists on one path only, read where a flag says that it does."""
    flag, name = b.target("bool"), b.target("num", fresh=True)
    out = b.target("num")
    if flag is None or name is None or out is None or out == name:
        return False
    b.emit(f"{flag} = {b.cond()}")
    b.assign(flag, "bool")
    b.emit(f"if {flag}:")
    b.emit(f"    {name} = {b.value()}")
    b.emit(f"{out} = {b.value(1)}")
    b.assign(out, "num")
    b.emit(f"if {flag}:")
    b.emit(f"    {out} = {out} + {name} * {b.atom()}")
    for _, names in b.loops:
        names.add(name)
    return None


@statement("carried", 0.6)
def carried(b: Body) -> bool | None:
    """A variable first defined inside a loop and read in the next iteration."""
    count, name = b.target("int"), b.target("num", fresh=True)
    out = b.target("num")
    if count is None or name is None or out is None or out == name or guard(b, 3):
        return False
    b.emit(f"{out} = {b.value(1)}")
    b.assign(out, "num")
    with b.loop(3):
        b.emit(f"for {count} in range(3):")
        b.assign(count, "int")
        b.depth += 1
        b.emit(f"if {count} > 0:")
        b.emit(f"    {out} = math.sin({out} + {name})")
        b.assign(out, "num")
        b.emit(f"{name} = {b.value(2)}")
        b.assign(name, "num")
        b.depth -= 1
    return None


@statement("nesteddef", 0.9)
def nested_function(b: Body) -> bool | None:
    """A function inside the function, with statements of its own, over captured names."""
    arity = b.rng.randint(1, 2)
    name = b.target(("func", arity))
    if name is None or b.level > 1:
        return False
    level = b.level + 1
    params = [f"u{level}", f"v{level}"][:arity]
    inner = Body(b.world, dict.fromkeys(params, "num"), "num", level)
    inner.outer = {n: k for n, k in b.capturable().items() if n != name}  # its own name would be the new one
    lines = inner.write(b.rng.randint(1, 4))
    captured = inner.reads & set(inner.outer)
    b.protect(captured)
    b.reads |= captured  # of the function around, too
    b.emit(f"def {name}({', '.join(params)}):")
    for line in lines:
        b.emit(line)
    b.assign(name, ("func", arity))
    return None


@statement("higherorder", 0.5)
def apply_function(b: Body) -> bool | None:
    name = b.target("num")
    if name is None:
        return False
    found = [n for n, k in b.visible("func") if k[1] == 1]
    b.reads.update(found[:1])
    fn = found[0] if found and b.chance(0.7) else b.rng.choice([b.lambda_(1), "math.sin", "math.tanh"])
    b.emit(f"{name} = apply_twice({fn}, {b.value(1)})")
    b.assign(name, "num")
    return None
