"""Random expressions over the names in scope: numbers of moderate size, ints, conditions."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Kind = Any  # "num" | "int" | "bool" | ("list", n) | ("tuple", n) | ("dict", keys) | ("struct", name) | ("func", n)


@dataclass(frozen=True)
class Signature:
    """A callable of the program: its parameters (name, kind), which have defaults, and its result."""

    name: str
    params: tuple[tuple[str, Kind], ...]
    returns: Kind = "num"
    defaults: int = 0  # so many of the last parameters
    kwonly: int = 0  # so many of the last parameters


@dataclass
class Struct:
    """A dataclass or named tuple of the program."""

    name: str
    fields: tuple[str, ...]
    flavour: str
    properties: list[str] = field(default_factory=list)
    methods: list[Signature] = field(default_factory=list)
    operator: bool = False


@dataclass
class Class:
    """A class of the program whose objects change: fields, parameters of its constructor, methods."""

    name: str
    fields: dict[str, Kind]
    params: dict[str, Kind]
    methods: list[Signature] = field(default_factory=list)
    plain: bool = False  # no dataclass


@dataclass
class World:
    """What a whole program shares: the random stream, features, functions, classes, constants."""

    rng: random.Random
    features: frozenset[str]
    functions: list[Signature] = field(default_factory=list)
    structs: dict[str, Struct] = field(default_factory=dict)
    constants: list[str] = field(default_factory=list)
    classes: dict[str, Class] = field(default_factory=dict)
    weights: list[float] = field(default_factory=list)  # of the statements


VALUES: dict[str, Any] = {}  # how to make a value of a kind of another module


class Expressions:
    """Expressions of one function body, as source text."""

    world: World
    vars: dict[str, Kind]
    outer: dict[str, Kind]
    reads: set[str]
    in_iterable = False  # where Python forbids a walrus

    @property
    def rng(self) -> random.Random:
        return self.world.rng

    def on(self, feature: str) -> bool:
        return feature in self.world.features

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def visible(self, test: Any) -> list[tuple[str, Kind]]:
        """Names in scope whose kind satisfies `test` (a kind, or the first item of one)."""
        found = {**self.outer, **self.vars}
        return sorted((n, k) for n, k in found.items() if k == test or (isinstance(k, tuple) and k[0] == test))

    def pick(self, test: Any) -> tuple[str, Kind] | None:
        found = self.visible(test)
        if not found:
            return None
        name, kind = self.rng.choice(found)
        self.reads.add(name)
        return name, kind

    def literal(self) -> str:
        if self.on("ints") and self.chance(0.25):
            return str(self.rng.randint(1, 3))
        return repr(round(self.rng.uniform(0.1, 2.0), 2))

    def atom(self) -> str:
        roll = self.rng.random()
        if roll < 0.12 and self.on("ints"):
            return self.integer()
        if roll < 0.24:
            return self.literal()
        if roll < 0.28 and self.on("constants") and self.world.constants:
            return self.rng.choice(self.world.constants)
        found = self.pick("num")
        return found[0] if found else self.literal()

    def expr(self, depth: int = 2) -> str:
        """A number; parenthesised wherever precedence could matter."""
        if depth <= 0 or self.chance(0.12):
            return self.atom()
        for _ in range(20):
            feature, _, production = self.rng.choices(NUMERIC, weights=[w for _, w, _ in NUMERIC])[0]
            if feature == "" or self.on(feature):
                made = production(self, depth - 1)
                if made is not None:
                    return made
        return self.atom()

    def bounded(self, depth: int = 2) -> str:
        """A number within [-2, 2] whatever its operands: what loops assign."""
        inner = self.expr(depth)
        return self.rng.choice(
            [f"math.sin({inner})", f"math.tanh({inner})", f"math.cos({inner})", f"1.0 / (1.0 + ({inner}) ** 2)"]
        )

    def integer(self) -> str:
        found = self.pick("int")
        if found is None:
            return str(self.rng.randint(0, 3))
        n = found[0]
        return self.rng.choice([n, n, f"({n} + 1)", f"({n} * 2)", f"({n} % 2)", f"({n} // 2)", f"(3 - {n})"])

    def index(self, length: int) -> str:
        found = self.pick("int")
        if found and self.chance(0.5):
            return f"{found[0]} % {length}" if length > 1 else "0"
        return str(self.rng.randrange(-length, length))

    def cond(self, depth: int = 1) -> str:
        roll = self.rng.random()
        if depth > 0 and roll < 0.3 and self.on("boolops"):
            a, b = self.cond(depth - 1), self.cond(depth - 1)
            return self.rng.choice([f"({a} and {b})", f"({a} or {b})", f"not {a}"])
        if roll < 0.42 and self.on("chained"):
            op = self.rng.choice(["<", "<="])
            return f"(-{self.literal()} {op} {self.expr(1)} < {self.literal()})"
        if roll < 0.55 and self.visible("int"):
            return f"({self.integer()} {self.rng.choice(['==', '!=', '>', '<'])} {self.rng.randint(0, 3)})"
        if roll < 0.62 and self.visible("bool"):
            return self.pick("bool")[0]  # type: ignore[index]
        return f"({self.expr(1)} {self.rng.choice(['<', '>', '<=', '>='])} {self.expr(1)})"

    def of_kind(self, kind: Kind, depth: int = 1) -> str:
        """An expression of a given kind: an existing value or a display."""
        if kind == "num":
            return self.expr(depth)
        if kind == "int":
            return self.integer()
        if kind == "bool":
            return self.cond()
        if kind[0] in VALUES:
            return str(VALUES[kind[0]](self, kind, depth))
        same = [n for n, k in self.visible(kind[0]) if k == kind]
        if same and self.chance(0.6):
            name = self.rng.choice(same)
            self.reads.add(name)
            return name
        match kind:
            case ("list", n):
                return f"[{', '.join(self.expr(depth) for _ in range(n))}]"
            case ("tuple", n):
                return f"({', '.join(self.expr(depth) for _ in range(n))}{',' if n == 1 else ''})"
            case ("dict", keys):
                return "{" + ", ".join(f"{k!r}: {self.expr(depth)}" for k in keys) + "}"
            case ("struct", name):
                return self.construct(self.world.structs[name], depth)
            case ("func", n):
                return self.lambda_(n)
        raise AssertionError(kind)

    def construct(self, struct: Struct, depth: int) -> str:
        args = [self.expr(depth) for _ in struct.fields]
        if self.on("keywords") and self.chance(0.3):
            args[-1] = f"{struct.fields[-1]}={args[-1]}"
        return f"{struct.name}({', '.join(args)})"

    def lambda_(self, arity: int) -> str:
        """A lambda over its own parameters and the names that are safe to capture."""
        params = ["w", "w2"][:arity]
        saved_vars, saved_outer = self.vars, self.outer
        self.outer = self.capturable()
        self.vars = dict.fromkeys(params, "num")
        saved_reads, self.reads = self.reads, set()
        body = self.expr(2)
        self.vars, self.outer = saved_vars, saved_outer
        self.protect(self.reads - set(params))
        self.reads |= saved_reads
        default = ""
        names = [n for n, k in self.visible("num") if n not in params]
        if names and arity == 1 and self.on("lambdadefault") and self.chance(0.25):
            name = self.rng.choice(names)  # the idiom that captures a value, not a variable
            default = f", kept={name}"
            body = f"{body} + 0.5 * kept"
        return f"(lambda {', '.join(params)}{default}: {body})"

    def capturable(self) -> dict[str, Kind]:
        raise NotImplementedError

    def protect(self, names: set[str]) -> None:
        raise NotImplementedError

    def call(self, signature: Signature, depth: int, prefix: str = "") -> str:
        """A call of a function of the program, arguments by position, by keyword or by default."""
        params = list(signature.params)
        must = len(params) - signature.defaults
        keywords_from = len(params) - signature.kwonly
        given: list[str] = []
        by_keyword = False
        for k, (name, kind) in enumerate(params):
            if k >= must and self.chance(0.5):
                by_keyword = True  # leave it out: what follows must be named
                continue
            by_keyword = by_keyword or k >= keywords_from or (self.on("keywords") and self.chance(0.25))
            value = str(self.rng.randint(1, 3)) if kind == "int" else self.of_kind(kind, min(depth, 1))
            given.append(f"{name}={value}" if by_keyword else value)
        return f"{prefix}{signature.name}({', '.join(given)})"


def _binary(e: Expressions, d: int) -> str:
    a, b = e.expr(d), e.expr(d)
    return f"({a} {e.rng.choice('+-*+-*')} {b})"


def _divide(e: Expressions, d: int) -> str:
    a, b = e.expr(d), e.expr(0)
    below = e.rng.choice([f"(1.5 + {b} * {b})", "2.0", "3", f"(2.0 + math.sin({b}))"])
    return f"{a} / {below}" if a.isidentifier() else f"(({a}) / {below})"


def _pow(e: Expressions, d: int) -> str:
    a = e.expr(d)
    return e.rng.choice([f"({a}) ** 2", f"({a}) ** 3", f"(2.0 + ({a}) ** 2) ** -1", f"({a}) ** 1"])


def _powers(e: Expressions, d: int) -> str:
    a, b = e.expr(d), e.expr(0)
    return e.rng.choice([f"(1.0 + ({a}) ** 2) ** 0.5", f"(1.2 + math.sin({a})) ** {b}", f"2.0 ** math.sin({a})"])


def _math(e: Expressions, d: int) -> str:
    a = e.expr(d)
    forms = [
        "math.sin({})", "math.cos({})", "math.tanh({})", "math.exp(math.sin({}))", "math.exp(-(({}) ** 2))",
        "math.sqrt(1.0 + ({}) ** 2)", "math.log(1.5 + math.sin({}))", "math.atan({})",
    ]  # fmt: skip
    return e.rng.choice(forms).format(a)


def _builtins(e: Expressions, d: int) -> str:
    a, b = e.expr(d), e.expr(0)
    lists = e.visible("list")
    if lists and e.chance(0.25):
        e.reads.add(lists[0][0])
        return e.rng.choice([f"sum({lists[0][0]})", f"max({lists[0][0]})", f"len({lists[0][0]})"])
    return e.rng.choice([f"abs({a})", f"max({a}, {b})", f"min({a}, {b})", f"sum([{a}, {b}])", f"pow({a}, 2)"])


def _ternary(e: Expressions, d: int) -> str:
    return f"({e.expr(d)} if {e.cond(0)} else {e.expr(d)})"


def _boolvalue(e: Expressions, d: int) -> str:
    return f"({e.expr(d)} {e.rng.choice(['and', 'or'])} {e.expr(d)})"


def _item(e: Expressions, d: int) -> str | None:
    found = e.pick(e.rng.choice(["list", "tuple"]))
    if found is None:
        n = e.rng.randint(2, 3)
        parts = ", ".join(e.expr(0) for _ in range(n))
        if e.on("list") and e.chance(0.3):
            return f"[{parts}][{e.index(n)}]"
        return f"({parts})[{e.index(n)}]" if e.on("tuple") and e.chance(0.3) else None
    return f"{found[0]}[{e.index(found[1][1])}]"


def _entry(e: Expressions, d: int) -> str | None:
    found = e.pick("dict")
    if found is None:
        return None
    key = e.rng.choice(found[1][1])
    return f"{found[0]}.get({key!r})" if e.chance(0.1) else f"{found[0]}[{key!r}]"


def _call(e: Expressions, d: int) -> str | None:
    found = [s for s in e.world.functions if s.returns == "num"]
    return e.call(e.rng.choice(found), d) if found else None


def _call_local(e: Expressions, d: int) -> str | None:
    found = e.pick("func")
    if found is None:
        return None
    return f"{found[0]}({', '.join(e.expr(d) for _ in range(found[1][1]))})"


def _immediate(e: Expressions, d: int) -> str:
    return f"{e.lambda_(1)}({e.expr(d)})"


def _field(e: Expressions, d: int) -> str | None:
    found = e.pick("struct")
    if found is None:
        return None
    struct = e.world.structs[found[1][1]]
    if struct.properties and e.on("property") and e.chance(0.3):
        return f"{found[0]}.{e.rng.choice(struct.properties)}"
    methods = [m for m in struct.methods if m.returns == "num"]
    if methods and e.on("method") and e.chance(0.4):
        return e.call(e.rng.choice(methods), d, f"{found[0]}.")
    return f"{found[0]}.{e.rng.choice(struct.fields)}"


def _walrus(e: Expressions, d: int) -> str | None:
    if e.in_iterable:
        return None
    return f"((wal := {e.expr(d)}) * wal)"


NUMERIC: list[tuple[str, float, Any]] = [
    ("", 8, _binary),
    ("", 1.5, _divide),
    ("", 1, lambda e, d: f"(-{e.expr(d)})"),
    ("pow", 1, _pow),
    ("powers", 0.6, _powers),
    ("math", 3, _math),
    ("builtins", 0.8, _builtins),
    ("mod", 0.2, lambda e, d: f"({e.expr(d)} % 2.5)"),
    ("ternary", 0.7, _ternary),
    ("boolvalue", 0.2, _boolvalue),
    ("list", 1.5, _item),
    ("dict", 1, _entry),
    ("calls", 1, _call),
    ("lambda", 1, _call_local),
    ("immediate", 0.2, _immediate),
    ("struct", 1.5, _field),
    ("walrus", 0.4, _walrus),
]
