"""Expressions over arrays, growing lists, dicts and objects: existing ones by every path to them, views, new ones.

A kind here is ("arr", shape), ("seq",) for a list of numbers that may grow, ("arrs", shape) for a list of arrays,
("objs", name) for a list of objects, ("map",) for a dict with the keys "p" and "q" at least, ("obj", name).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .expressions import NUMERIC, VALUES, Expressions, Kind, Signature
from .statements import DIGESTS

Shape = tuple[int, ...]
SHAPES: list[Shape] = [(3,), (3,), (3,), (2,), (2, 3), (2, 3), (3, 2), (6,)]
MUTABLE = ("arr", "seq", "arrs", "objs", "map", "obj")


def paths(e: Expressions, depth: int = 3) -> list[tuple[str, Kind, str]]:
    """Everything that a name in scope leads to: its text, its kind, the name."""
    found: list[tuple[str, Kind, str]] = []
    for name, kind in sorted({**e.outer, **e.vars}.items()):
        if isinstance(kind, tuple) and kind[0] in MUTABLE:
            found += [(text, k, name) for text, k in _below(e, name, kind, depth)]
    return found


def _below(e: Expressions, text: str, kind: Kind, depth: int) -> Iterator[tuple[str, Kind]]:
    yield text, kind
    if depth == 0:
        return
    match kind:
        case ("obj", name):
            for field, inner in e.world.classes[name].fields.items():
                yield from _below(e, f"{text}.{field}", inner, depth - 1)
        case ("arrs", shape):
            yield from _below(e, f"{text}[{e.rng.choice(['0', '-1'])}]", ("arr", shape), depth - 1)
        case ("objs", name):
            yield from _below(e, f"{text}[{e.rng.choice(['0', '-1'])}]", ("obj", name), depth - 1)
        case ("seq",):
            yield f"{text}[{e.rng.choice(['0', '1', '-1'])}]", "num"
        case ("map",):
            yield f"{text}[{e.rng.choice(['p', 'q'])!r}]", "num"
        case ("arr", (n,)):
            yield f"{text}[{e.index(n)}]", "num"
        case ("arr", (m, n)):
            yield f"{text}[{e.index(m)}, {e.index(n)}]", "num"


def place(e: Expressions, kind: Kind, *, bare: bool = True) -> str | None:
    """An existing value of a kind; without `bare`, one that is held by something."""
    found = [(t, root) for t, k, root in paths(e) if k == kind and (bare or t != root)]
    if not found:
        return None
    text, root = e.rng.choice(found)
    e.reads.add(root)
    return text


def place_like(e: Expressions, first: str) -> tuple[str, Kind] | None:
    """An existing value whose kind begins so, as "arr"."""
    found = [(t, k, root) for t, k, root in paths(e) if isinstance(k, tuple) and k[0] == first]
    if not found:
        return None
    text, kind, root = e.rng.choice(found)
    e.reads.add(root)
    return text, kind


def view(e: Expressions, shape: Shape) -> str | None:
    """An existing array of a shape, or a view of one of another shape."""
    found: list[tuple[str, str]] = []
    for text, kind, root in paths(e):
        if isinstance(kind, tuple) and kind[0] == "arr":
            found += [(f"{text}{how}", root) for how in _hows(e, kind[1], shape)]
    if not found:
        return None
    text, root = e.rng.choice(found)
    e.reads.add(root)
    return text


def _hows(e: Expressions, have: Shape, want: Shape) -> list[str]:
    """Suffixes that make a view of one shape from an array of another, or the array itself."""
    hows: list[str] = []
    views = e.on("views")
    if have == want:
        hows += ["", "", ""]
        if views:
            hows.append(e.rng.choice(["[::-1]", "[:]", "[...]"] + ["[:, ::-1]"] * (len(want) == 2)))
    if not views:
        return hows
    match have, want:
        case (m, n), (k,):
            if n == k:
                hows += [f"[{e.index(m)}]"] * 2
            if m == k:
                hows.append(f"[:, {e.rng.randrange(n)}]")
            if m * n == k:
                hows.append(e.rng.choice([".reshape(-1)", ".ravel()", ".T.ravel()"]))
        case (n,), (k,):
            if n == k + 1:
                hows += ["[1:]", "[:-1]"]
            if n in (2 * k - 1, 2 * k):
                hows += ["[::2]", f"[:{k}]", f"[-{k}:]"]
        case (m, n), (k, l):
            if (n, m) == (k, l):
                hows.append(".T")
            if m * n == k * l and m != k:
                hows.append(f".reshape({k}, {l})")
        case (n,), (k, l):
            if n == k * l:
                hows.append(f".reshape({k}, {l})")
    return hows


def array(e: Expressions, shape: Shape, depth: int = 2) -> str:
    """An array of a shape: an existing one or a new one, as deep as that."""
    if depth <= 0 or e.chance(0.15):
        return (view(e, shape) if e.chance(0.8) else None) or new_array(e, shape)
    d = depth - 1
    forms: list[Any] = [
        lambda: f"np.{e.rng.choice(['sin', 'cos', 'tanh', 'arctan'])}({array(e, shape, d)})",
        lambda: f"({array(e, shape, d)} {e.rng.choice('+-*')} {array(e, shape, d)})",
        lambda: f"({array(e, shape, d)} {e.rng.choice('+-*')} {array(e, shape, d)})",
        lambda: f"({e.expr(d)} {e.rng.choice('+-*')} {array(e, shape, d)})",
        lambda: f"({array(e, shape, d)} {e.rng.choice('+-*')} {e.expr(d)})",
        lambda: f"({array(e, shape, d)} / (2.0 + np.sin({array(e, shape, 0)})))",
        lambda: f"np.exp(-{array(e, shape, d)} ** 2)",
        lambda: f"np.sqrt(1.0 + {array(e, shape, d)} ** 2)",
        lambda: f"(-{array(e, shape, d)})",
        lambda: f"{array(e, shape, 0)}.copy()",
        lambda: f"np.where({array(e, shape, 0)} > {e.literal()}, {array(e, shape, d)}, {array(e, shape, d)})",
        lambda: view(e, shape),
        lambda: new_array(e, shape),
        lambda: _called(e, ("arr", shape), d),
    ]
    if len(shape) == 2:
        m, n = shape
        forms += [
            lambda: f"({array(e, shape, d)} {e.rng.choice('+*')} {array(e, (n,), d)})",
            lambda: f"({array(e, (m,), d)}[:, None] * {array(e, (n,), d)})",
            lambda: f"np.outer({array(e, (m,), d)}, {array(e, (n,), d)})",
            lambda: f"{array(e, (n, m), d)}.T",
        ]
        if m <= 3:
            forms.append(lambda: f"np.stack([{', '.join(array(e, (n,), d) for _ in range(m))}])")
    else:
        (n,) = shape
        k = e.rng.choice([2, 3])
        forms += [
            lambda: f"({array(e, (n, k), d)} @ {array(e, (k,), d)})",
            lambda: f"np.sum({array(e, (k, n), d)}, axis=0)",
            lambda: f"np.cumsum({array(e, shape, d)})",
            lambda: f"np.concatenate([{array(e, (n,), d)}[1:], {array(e, (n,), 0)}[:1]])",
            lambda: f"{array(e, shape, d)}[[{', '.join(str(e.rng.randrange(n)) for _ in range(n))}]]",
        ]
    for _ in range(10):
        made = e.rng.choice(forms)()
        if made is not None:
            return str(made)
    return new_array(e, shape)


def bounded_array(e: Expressions, shape: Shape, depth: int = 2) -> str:
    """An array whose elements are within [-1, 1]."""
    return f"np.{e.rng.choice(['sin', 'tanh', 'cos'])}({array(e, shape, depth - 1)})"


def new_array(e: Expressions, shape: Shape) -> str:
    """A new array of floats: an int among its items would be no harm, but ints alone would."""

    def row(n: int) -> str:
        last = e.rng.choice(["1.0 * {}", "0.5 * {}", "{} - 0.25"]).format(e.atom())
        return f"[{', '.join([*(e.atom() for _ in range(n - 1)), last])}]"

    shown = ", ".join(map(str, shape)) if len(shape) == 1 else str(shape)
    items = row(shape[0]) if len(shape) == 1 else f"[{', '.join(row(shape[1]) for _ in range(shape[0]))}]"
    fills = [f"np.full({shown}, {e.bounded(0)})", f"np.ones({shown})", f"np.zeros({shown})"]
    return e.rng.choice([f"np.array({items})"] * 4 + fills)


def _called(e: Expressions, kind: Kind, d: int) -> str | None:
    """The result of a function or method of the program that has this kind."""
    found = [(s, "") for s in e.world.functions if s.returns == kind]
    found += [(m, f"{t}.") for m, t in methods(e) if m.returns == kind]
    if not found or not e.on("effects"):
        return None
    signature, prefix = e.rng.choice(found)
    return e.call(signature, d, prefix)


def methods(e: Expressions) -> list[tuple[Signature, str]]:
    """The methods that may be called on objects in scope."""
    found = []
    for text, kind, root in paths(e, 2):
        if isinstance(kind, tuple) and kind[0] == "obj":
            found += [(m, text, root) for m in e.world.classes[kind[1]].methods]
    if not found:
        return []
    method, text, root = e.rng.choice(found)
    e.reads.add(root)
    return [(method, text)]


def made(e: Expressions, kind: Kind, depth: int = 1) -> str:
    """A value of any kind of this module: mostly an existing one, so that much is shared."""
    if kind[0] == "arr":
        return array(e, kind[1], depth)
    existing = place(e, kind)
    if existing is not None and e.chance(0.6):
        return e.rng.choice([existing, existing, f"{existing}.copy()"]) if kind[0] in ("map", "seq") else existing
    return new(e, kind, depth)


def new(e: Expressions, kind: Kind, depth: int = 1) -> str:
    """A new value of a kind."""
    match kind:
        case ("arr", shape):
            return new_array(e, shape)
        case ("seq",):
            display = f"[{', '.join(e.expr(depth) for _ in range(e.rng.randint(2, 3)))}]"
            other = place(e, kind)
            if other is not None and e.chance(0.4):
                word = e.rng.choice(["w", "item"])
                saved, e.vars = e.vars, {**e.vars, word: "num"}
                display = e.rng.choice([f"[{e.bounded(1)} for {word} in {other}]", f"list({other})", f"{other}[:]"])
                e.vars = saved
            return display
        case ("map",):
            return f"{{'p': {e.expr(depth)}, 'q': {e.expr(depth)}}}"
        case ("arrs", shape):
            return f"[{array(e, shape, depth)}, {array(e, shape, 1)}]"
        case ("objs", name):
            return f"[{made(e, ('obj', name), 0)}, {new(e, ('obj', name), 0)}]"
        case ("obj", name):
            owner = e.world.classes[name]
            return f"{name}({', '.join(e.of_kind(k, min(depth, 1)) for k in owner.params.values())})"
    raise AssertionError(kind)


for _first in MUTABLE:
    VALUES[_first] = made


def _held(e: Expressions, d: int) -> str | None:
    return place(e, "num", bare=False)


def _reduced(e: Expressions, d: int) -> str:
    shape = e.rng.choice(SHAPES)
    a = array(e, shape, d)
    forms = [f"{a}.sum()", f"np.sum({a})", f"np.sum({a} * {array(e, shape, d)})", f"np.mean({a})"]
    if len(shape) == 1:
        forms += [f"({a} @ {array(e, shape, d)})", f"np.dot({a}, {array(e, shape, 0)})", f"{a}[{e.index(shape[0])}]"]
        forms += [f"np.max({a})"] * e.chance(0.3)
    else:
        forms.append(f"{a}[{e.index(shape[0])}, {e.index(shape[1])}]")
    return e.rng.choice(forms)


def _summed(e: Expressions, d: int) -> str | None:
    xs, table = place(e, ("seq",)), place(e, ("map",))
    forms = []
    if xs:
        forms += [f"sum({xs})", f"{xs}[{e.rng.choice(['0', '-1', '1'])}]", f"sum([w * w for w in {xs}])", f"max({xs})"]
        if e.on("effects"):
            forms.append(f"({xs}.pop() if len({xs}) > 2 else {xs}[0])")
    if table:
        forms += [f"sum({table}.values())", f"{table}.get('r', {e.literal()})", f"{table}['p']"]
    return e.rng.choice(forms) if forms else None


def _effect(e: Expressions, d: int) -> str | None:
    """A number from a call of a method that may change its object or arguments."""
    return _called(e, "num", d)


def _shown(e: Expressions, d: int) -> str | None:
    """A number that depends on the whole of some array, list, dict or object."""
    wanted = ("arr", "seq", "map", "obj")
    found = [(t, k, root) for t, k, root in paths(e, 2) if isinstance(k, tuple) and k[0] in wanted]
    if not found:
        return None
    text, kind, root = e.rng.choice(found)
    e.reads.add(root)
    match kind[0]:
        case "arr":
            return e.rng.choice([f"{text}.sum()", f"np.sum({text} * {text})", f"np.sum(np.sin({text}))"])
        case "seq":
            return e.rng.choice([f"sum({text})", f"{text}[0] * {text}[-1]", f"sum(w * w for w in {text})"])
        case "map":
            return e.rng.choice([f"sum({text}.values())", f"{text}['p'] * {text}['q']"])
    return f"{text}.u"


DIGESTS.append(_shown)
NUMERIC += [("arrays", 2.5, _reduced), ("mutables", 3, _held), ("mutables", 1.2, _summed), ("effects", 1, _effect)]
