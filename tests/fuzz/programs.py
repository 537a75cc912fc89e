"""Seeded random programs as source text: functions `f` with example arguments `ARGS`.

    generate(7, CORE).source  ->  'import math\\n...\\ndef f(x, y): ...\\nARGS = (0.3, -1.2)\\n'

Every program is deterministic, terminates and reads only what is defined; ranges are kept moderate,
and what grows nevertheless is rejected by the oracle (`dual.Unsuitable`).
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from . import (  # noqa: F401  (they register productions)
    array_statements,
    broad_statements,
    collection_statements,
    compound_statements,
    idioms,
    mutating_programs,
    next_statements,
    simple_statements,
)
from .expressions import Kind, Signature, Struct, World
from .features import BROAD, CORE, MUTATION
from .statements import STATEMENTS, Body

HEADER = "import math\nfrom dataclasses import dataclass\nfrom typing import NamedTuple\n"


APPLYING = """def apply_twice(fn, value):
    return fn(0.5 * fn(value))
"""
SCALING = """class Scaling:
    def __init__(self, factor):
        self.factor = factor

    def __enter__(self):
        return self.factor * 0.5

    def __exit__(self, *reason):
        return False
"""


@dataclass(frozen=True)
class Program:
    """A program: its text, and the seed that makes it again."""

    seed: int
    source: str


def generate(seed: int, features: frozenset[str] = CORE) -> Program:
    """The program of a seed."""
    rng = random.Random(seed)
    mutating = bool(features & MUTATION)
    if mutating or features & BROAD:
        features = mutating_programs.some(rng, features)
    world = World(rng, features)
    favoured = features & (MUTATION | BROAD)
    world.weights = [w if f in favoured or not favoured else w * 0.4 for f, w, _ in STATEMENTS]
    broad = bool(features & BROAD)
    parts = [HEADER + "import numpy as np\n" * mutating + "import contextlib\nimport functools\n" * broad]
    if world.features & {"constants"}:
        for k in range(rng.randint(0, 2)):
            parts.append(f"K{k} = {round(rng.uniform(0.3, 1.5), 2)}\n")
            world.constants.append(f"K{k}")
    if "struct" in features and rng.random() < 0.6:
        for name in ["Pt", "Quad"][: rng.randint(1, 2)]:
            parts.append(_struct(world, name))
    if mutating:
        parts += mutating_programs.classes(world)
        parts += [mutating_programs.helper(world, k) for k in range(rng.choice([0, 0, 1, 1, 2]))]
    for number in range(rng.choice([0, 0, 0, 1, 1, 2]) if "calls" in features else 0):
        parts.append(_helper(world, number))
    parts.append(mutating_programs.entry(world) if mutating else _entry(world))
    text = "\n\n".join(parts[1:])
    return Program(seed, "\n\n".join([parts[0], *needed(text), text]))


def needed(text: str) -> list[str]:
    """The classes and functions of the preludes that a program mentions, and those that they mention."""
    preludes = [SCALING, APPLYING, *broad_statements.PRELUDE.values(), *idioms.PRELUDE.values()]
    chunks = [chunk for prelude in preludes for chunk in prelude.split("\n\n\n")]
    kept: list[str] = []
    for chunk in reversed(chunks):  # what is mentioned stands before
        names = re.findall(r"^(?:class|def) (\w+)", chunk, re.MULTILINE)
        if any(re.search(rf"\b{name}\b", text) for name in names):
            kept.insert(0, chunk.rstrip() + "\n")
            text += chunk
    return kept


def _function(world: World, head: str, params: dict[str, Kind], returns: Kind, size: int) -> str:
    return "\n".join([head, *Body(world, params, returns).write(size)]) + "\n"


def _helper(world: World, number: int) -> str:
    rng, on = world.rng, world.features.__contains__
    name = f"helper{number}"
    roll = rng.random()
    if roll < 0.2 and on("recursion"):
        return _recursive(world, name)
    if roll < 0.27 and on("mutual"):
        return _mutual(world, name)
    params: list[tuple[str, Kind]] = [(n, "num") for n in ["x", "y", "z"][: rng.randint(1, 3)]]
    if on("ints") and rng.random() < 0.2:
        params.append(("n", "int"))
    if on("list") and rng.random() < 0.15:
        params.append(("xs", ("list", 3)))
    if world.structs and rng.random() < 0.25:
        params.insert(0, ("pt", ("struct", rng.choice(sorted(world.structs)))))
    returns: Kind = "num"
    if on("tuplereturn") and rng.random() < 0.3:
        returns = ("tuple", rng.randint(2, 3))
    elif world.structs and rng.random() < 0.1:
        returns = ("struct", rng.choice(sorted(world.structs)))
    texts = [n for n, _ in params]
    defaults = kwonly = 0
    if on("defaults") and rng.random() < 0.4:
        params.append(("scale", "num"))
        texts.append(f"scale={round(rng.uniform(0.5, 1.5), 2)}")
        defaults = 1
        if on("kwonly") and rng.random() < 0.4:
            texts.insert(-1, "*")
            kwonly = 1
    text = _function(world, f"def {name}({', '.join(texts)}):", dict(params), returns, rng.randint(1, 4))
    world.functions.append(Signature(name, tuple(params), returns, defaults, kwonly))
    return text


def _recursive(world: World, name: str) -> str:
    rng = world.rng
    body = Body(world, {"x": "num", "n": "int"}, "num")
    body.protected.add("n")
    body.emit("if n <= 0:")
    body.emit(f"    return {body.expr(2)}")
    for _ in range(rng.randint(0, 3)):
        if not body.ended:
            body.statement()
    if not body.ended:
        calls = [f"{name}({body.bounded(1)}, n - 1)", f"{name}(x=math.sin({body.expr(1)}), n=n - 2)"]
        more = f" + 0.5 * {calls[1]}" if rng.random() < 0.3 else ""
        body.emit(f"return {body.atom()} * {calls[0]}{more} + {body.expr(1)}")
    world.functions.append(Signature(name, (("x", "num"), ("n", "int"))))
    return "\n".join([f"def {name}(x, n):", *body.lines]) + "\n"


def _mutual(world: World, name: str) -> str:
    other = f"{name}_other"
    bodies = [Body(world, {"x": "num", "n": "int"}, "num") for _ in range(2)]
    forms = [
        f"def {me}(x, n):\n    return {b.expr(2)} if n <= 0 else {them}({b.bounded(1)}, n - 1) * {b.expr(1)}\n"
        for me, them, b in ((name, other, bodies[0]), (other, name, bodies[1]))
    ]
    world.functions.append(Signature(name, (("x", "num"), ("n", "int"))))
    return "\n\n".join(forms)


def _struct(world: World, name: str) -> str:
    rng, on = world.rng, world.features.__contains__
    fields = ("u", "v", "w")[: rng.randint(1, 3)]
    flavour = "namedtuple" if on("namedtuple") and rng.random() < 0.3 else "dataclass"
    decorator = rng.choice(["@dataclass", "@dataclass(frozen=True)"])
    head = f"class {name}(NamedTuple):" if flavour == "namedtuple" else f"{decorator}\nclass {name}:"
    lines = [head, *(f"    {f}: float" for f in fields)]
    struct = Struct(name, fields, "frozen" if "frozen" in decorator and flavour == "dataclass" else flavour)
    world.structs[name] = struct
    self_kind: Kind = ("struct", name)
    methods: list[tuple[str, dict[str, Kind], Kind]] = []
    if on("property") and rng.random() < 0.6:
        methods.append(("size", {"self": self_kind}, "num"))
    if on("method") and rng.random() < 0.7:
        methods.append(("at", {"self": self_kind, "x": "num"}, "num"))
    if on("method") and rng.random() < 0.4:
        methods.append(("moved", {"self": self_kind, "x": "num"}, self_kind))
    for method, params, returns in methods:
        body = Body(world, params, returns)
        body.protected.add("self")
        body.depth = 2
        if method == "size":
            lines.append("\n    @property")
        lines.append(f"{'' if method == 'size' else chr(10)}    def {method}({', '.join(params)}):")
        lines += body.write(rng.randint(0, 3))
        if method == "size":
            struct.properties.append(method)
        else:
            struct.methods.append(Signature(method, (("x", "num"),), returns))
    return "\n".join(lines) + "\n"


def _entry(world: World) -> str:
    rng, on = world.rng, world.features.__contains__
    params: dict[str, Kind] = {n: "num" for n in ["x", "y", "z"][: rng.randint(2, 3)]}
    if world.structs and on("structarg") and rng.random() < 0.3:
        params["pt"] = ("struct", rng.choice(sorted(world.structs)))
    if on("containerarg") and rng.random() < 0.2:
        name, kind = rng.choice([("xs", ("list", 3)), ("pair", ("tuple", 2)), ("table", ("dict", ("p", "q")))])
        params[name] = kind
    if on("intarg") and rng.random() < 0.1:
        params["n"] = "int"
    returns: Kind = "num"
    if rng.random() < 0.12 and on("tuple"):
        returns = ("tuple", rng.randint(2, 3))
    elif rng.random() < 0.05 and on("dict"):
        returns = ("dict", ("p", "q"))
    elif rng.random() < 0.05 and world.structs:
        returns = ("struct", rng.choice(sorted(world.structs)))
    args = ", ".join(_argument(world, k) for k in params.values())
    text = _function(world, f"def f({', '.join(params)}):", params, returns, rng.choice([2, 3, 5, 7, 12]))
    return f"{text}\n\nARGS = ({args},)\n"


def _argument(world: World, kind: Kind) -> str:
    def number() -> str:
        return repr(round(world.rng.uniform(-1.5, 1.5), 3))

    match kind:
        case "num":
            return number()
        case "int":
            return str(world.rng.randint(1, 3))
        case ("list", n):
            return f"[{', '.join(number() for _ in range(n))}]"
        case ("tuple", n):
            return f"({', '.join(number() for _ in range(n))})"
        case ("dict", keys):
            return "{" + ", ".join(f"{k!r}: {number()}" for k in keys) + "}"
        case ("struct", name):
            return f"{name}({', '.join(number() for _ in world.structs[name].fields)})"
    raise AssertionError(kind)
