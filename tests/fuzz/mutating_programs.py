"""Programs that change values in place: classes with fields of every kind, helpers that change what they are given.

_class(world)   a dataclass, or a class with an `__init__` that computes and stores, with methods that change it
"""

from __future__ import annotations

import random

from .array_expressions import SHAPES
from .expressions import Class, Kind, Signature, World
from .statements import Body

NAMES = ["Cell", "Node", "Tank"]


def some(rng: random.Random, features: frozenset[str]) -> frozenset[str]:
    """A random part of the features: programs of few features have more of each, and are easier to read."""
    share = rng.choice([0.3, 0.5, 0.7, 0.9])
    kept = {name for name in sorted(features) if rng.random() < share}
    roots = sorted(features & {"arrays", "mutables"})
    return frozenset(kept | ({rng.choice(roots)} if roots else set()))


def kinds(world: World) -> list[Kind]:
    """Kinds that a parameter, a field or a result may have, as they are wanted."""
    rng, on = world.rng, world.features.__contains__
    found: list[Kind] = []
    if on("arrays"):
        found += [("arr", rng.choice(SHAPES)), ("arr", (3,)), ("arr", (3,))]
    if on("mutables"):
        found += [("seq",), ("map",)]
    if on("containers") and on("arrays") and rng.random() < 0.5:
        found.append(("arrs", rng.choice(SHAPES)))
    for name in world.classes:
        found.append(("obj", name))
        if on("containers") and rng.random() < 0.3:
            found.append(("objs", name))
    return found


def function(world: World, head: str, params: dict[str, Kind], returns: Kind, size: int, depth: int = 1) -> list[str]:
    body = Body(world, params, returns)
    body.depth = depth
    if "self" in params:
        body.protected.add("self")
    return [head, *body.write(size)]


def classes(world: World) -> list[str]:
    """Up to three classes; the later ones may hold objects of the earlier ones."""
    count = world.rng.randint(1, 3) if world.rng.random() < 0.6 else 0
    return [_class(world, name) for name in NAMES[:count]]


def _class(world: World, name: str) -> str:
    rng = world.rng
    plain = rng.random() < 0.4
    fields: dict[str, Kind] = {"u": "num"}
    for field in ("vec", "child", "w")[: rng.randint(0, 3)]:
        fields[field] = rng.choice([*kinds(world), "num"])
    own = Class(name, fields, dict(fields))
    if plain:
        lines = _init(world, own)
    else:
        lines = ["@dataclass", f"class {name}:", *(f"    {f}: {_annotation(k)}" for f, k in fields.items())]
    own.plain = plain
    world.classes[name] = own
    self_kind = ("obj", name)
    for method in ("step", "absorb", "take")[: rng.randint(0, 3)]:
        params: dict[str, Kind] = {"self": self_kind, "x": "num"}
        if rng.random() < 0.5:
            params["other"] = rng.choice([*kinds(world), self_kind])
        returns = rng.choice(["num", "num", *[k for k in fields.values()], self_kind])
        head = f"    def {method}({', '.join(params)}):"
        lines += ["", *function(world, head, params, returns, rng.randint(1, 4), 2)]
        own.methods.append(Signature(method, tuple(params.items())[1:], returns))
    return "\n".join(lines) + "\n"


def _init(world: World, own: Class) -> list[str]:
    """An `__init__` that computes some of the fields from its arguments."""
    rng = world.rng
    kept = {f: k for f, k in own.fields.items() if rng.random() < 0.6} or {"u": "num"}
    own.params = kept
    lines = [f"class {own.name}:", f"    def __init__(self, {', '.join(kept)}):"]
    body = Body(world, dict(kept), "num")
    body.depth = 2
    for field, kind in own.fields.items():
        value = field if field in kept and body.vars.get(field) == kind else None
        if value is None or (kind == "num" and rng.random() < 0.4):
            value = body.of_kind(kind, 1)
        body.emit(f"self.{field} = {value}")
    if rng.random() < 0.3:  # what was stored is read and changed again
        body.vars = {**body.vars, "self": ("obj", own.name)}
        body.protected.add("self")
        world.classes[own.name] = own
        body.emit(f"self.u = {body.expr(2)}")
        del world.classes[own.name]
    return lines + body.lines


def _annotation(kind: Kind) -> str:
    match kind:
        case "num":
            return "float"
        case ("arr", _):
            return "np.ndarray"
        case ("obj", name):
            return str(name)
        case ("map",):
            return "dict"
    return "list"


def helper(world: World, number: int) -> str:
    """A function that takes mutable values, and may change them and return them."""
    rng = world.rng
    name = f"change{number}"
    params: dict[str, Kind] = {"x": "num"}
    for param in ("va", "other")[: rng.randint(1, 2)]:
        params[param] = rng.choice(kinds(world) or ["num"])
    returns = rng.choice(["num", "num", *[k for k in params.values() if k != "num"]])
    if rng.random() < 0.2 and "recursion" in world.features:
        return _recursive(world, name, params)
    lines = function(world, f"def {name}({', '.join(params)}):", params, returns, rng.randint(1, 5))
    world.functions.append(Signature(name, tuple(params.items()), returns))
    return "\n".join(lines) + "\n"


def _recursive(world: World, name: str, params: dict[str, Kind]) -> str:
    """A function that changes its arguments and calls itself with them."""
    rng = world.rng
    body = Body(world, {**params, "n": "int"}, "num")
    body.protected.update(["n", *params])
    body.emit("if n <= 0:")
    body.emit(f"    return {body.expr(2)}")
    for _ in range(rng.randint(1, 3)):
        if not body.ended:
            body.statement()
    if not body.ended:
        others = ", ".join(p for p in params if p != "x")
        again = f"{name}(math.sin({body.expr(1)}), {others}, n - 1)"
        body.emit(f"return {rng.choice([f'{body.expr(1)} + {again} * 0.5', f'{again} + {body.expr(1)}'])}")
    world.functions.append(Signature(name, (*params.items(), ("n", "int"))))
    return "\n".join([f"def {name}({', '.join(params)}, n):", *body.lines]) + "\n"


def entry(world: World) -> str:
    """The function that is differentiated, and its arguments."""
    rng = world.rng
    params: dict[str, Kind] = {n: "num" for n in ["x", "y"][: rng.randint(1, 2)]}
    names = {"arr": "va", "seq": "xs_", "map": "table_", "arrs": "stack", "obj": "item", "objs": "items"}
    for _ in range(rng.randint(1, 3)):
        fitting = [k for k in kinds(world) if passable(world, k)]
        if fitting:
            kind = rng.choice(fitting)
            params[names[kind[0]]] = kind
    returns: Kind = "num"
    if rng.random() < 0.3:
        fitting = [k for k in kinds(world) if passable(world, k)]
        returns = rng.choice([*fitting, *[k for k in params.values() if k != "num"], ("tuple", 2)])
    lines = function(world, f"def f({', '.join(params)}):", params, returns, rng.choice([2, 3, 4, 6, 9]))
    args = ", ".join(argument(world, k) for k in params.values())
    return "\n".join(lines) + f"\n\n\nARGS = ({args},)\n"


def passable(world: World, kind: Kind) -> bool:
    """Whether the library takes a value of the kind as an argument: not objects of plain classes."""
    match kind:
        case ("obj" | "objs", name):
            own = world.classes[name]
            return not own.plain and all(passable(world, k) for k in own.fields.values())
    return True


def argument(world: World, kind: Kind) -> str:
    def number() -> str:
        return repr(round(world.rng.uniform(-1.5, 1.5), 3))

    match kind:
        case "num":
            return number()
        case ("arr", (n,)):
            return f"np.array([{', '.join(number() for _ in range(n))}])"
        case ("arr", (m, n)):
            rows = [f"[{', '.join(number() for _ in range(n))}]" for _ in range(m)]
            return f"np.array([{', '.join(rows)}])"
        case ("seq",):
            return f"[{', '.join(number() for _ in range(world.rng.randint(2, 3)))}]"
        case ("map",):
            return f"{{'p': {number()}, 'q': {number()}}}"
        case ("arrs", shape):
            return f"[{argument(world, ('arr', shape))}, {argument(world, ('arr', shape))}]"
        case ("obj", name):
            return f"{name}({', '.join(argument(world, k) for k in world.classes[name].fields.values())})"
        case ("objs", name):
            return f"[{argument(world, ('obj', name))}, {argument(world, ('obj', name))}]"
    raise AssertionError(kind)
