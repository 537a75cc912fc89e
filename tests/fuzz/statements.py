"""Random statements: a `Body` writes one function, and keeps what is defined, and of what kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .expressions import Expressions, Kind, World

POOLS: dict[str, list[str]] = {
    "num": ["a", "b", "c", "d"],
    "int": ["i", "j", "k", "n"],
    "bool": ["flag", "ok"],
    "list": ["xs", "ys"],
    "tuple": ["pair", "trio"],
    "dict": ["table", "opts"],
    "struct": ["pt", "qt"],
    "func": ["g", "h"],
    "arr": ["va", "vb", "vc", "vd"],
    "seq": ["xs_", "ys_"],
    "map": ["table_", "other_"],
    "arrs": ["stack", "pile"],
    "objs": ["items", "others"],
    "obj": ["item", "thing"],
}


class Body(Expressions):
    """The statements of one function, written line by line."""

    def __init__(self, world: World, params: dict[str, Kind], returns: Kind, level: int = 0) -> None:
        self.world = world
        self.vars = dict(params)
        self.outer: dict[str, Kind] = {}
        self.reads: set[str] = set()
        self.returns = returns
        self.level = level
        self.lines: list[str] = []
        self.depth = 1
        self.protected: set[str] = set()  # captured, or counters of running loops: not to be assigned
        self.reserved: set[str] = set()  # what the present statement will assign
        self.loops: list[tuple[dict[str, Kind], set[str]]] = []  # kinds at entry, names assigned inside
        self.weight = 1  # iterations of the loops around
        self.ended = False  # the present block has jumped
        self.budget = 12

    # what expressions ask of the body

    def capturable(self) -> dict[str, Kind]:
        assigned = set().union(*(names for _, names in self.loops)) if self.loops else set()
        assigned |= {"wal"} | self.reserved
        return {**self.outer, **{n: k for n, k in self.vars.items() if n not in assigned}}

    def protect(self, names: set[str]) -> None:
        self.protected |= names

    # names

    def pool(self, kind: Kind) -> list[str]:
        names = POOLS[kind if isinstance(kind, str) else kind[0]]
        return names if self.level == 0 else [f"{n}{self.level}" for n in names]

    def target(self, kind: Kind, *, fresh: bool = False) -> str | None:
        """A name that a value of this kind may be assigned to."""
        names = list(self.pool(kind))
        if kind == "num":  # parameters are rebound too
            names += [n for n, k in self.vars.items() if k == "num" and n not in names]
        good = [n for n in names if self.assignable(n, kind) and not (fresh and n in self.vars)]
        if not good:
            return None
        name = self.rng.choice(good)
        self.reserved.add(name)
        return name

    def assignable(self, name: str, kind: Kind) -> bool:
        if name in self.protected or name in self.outer:
            return False
        return all(entry.get(name, kind) == kind for entry, _ in self.loops)

    def assign(self, name: str, kind: Kind) -> None:
        self.vars[name] = kind
        for _, names in self.loops:
            names.add(name)

    # blocks

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def block(self, size: int, *, jump: bool = False) -> None:
        """An indented block of at most `size` statements, perhaps ended by a jump."""
        self.depth += 1
        self.ended = False
        start = len(self.lines)
        for _ in range(self.rng.randint(0 if jump else 1, size)):
            if not self.ended:
                self.statement()
        if jump and not self.ended:
            self.jump()
        if len(self.lines) == start:
            self.emit("pass")
        self.depth -= 1

    def branches(self, *blocks: Callable[[], None]) -> None:
        """Alternatives: afterwards, what all that run to their end define is defined."""
        before = dict(self.vars)
        results: list[dict[str, Kind]] = []
        for block in blocks:
            self.vars = dict(before)
            block()
            if not self.ended:
                results.append(self.vars)
        self.ended = not results
        first = results[0] if results else before
        self.vars = {n: k for n, k in first.items() if all(r.get(n) == k for r in results)}

    @contextmanager
    def loop(self, trips: int) -> Iterator[dict[str, Kind]]:
        """The body of a loop: kinds of names that exist at its entry stay as they are."""
        before = dict(self.vars)
        self.loops.append((before, set()))
        self.weight *= trips
        yield before
        self.weight //= trips
        self.loops.pop()
        self.vars = before
        self.ended = False

    def jump(self) -> None:
        words = ["break", "continue", "return"] if self.loops else ["return"]
        choices = [word for word in words if self.on(word)]
        match self.rng.choice(choices) if choices else "":
            case "return":
                self.return_()
            case "":
                self.emit("pass")
                return
            case word:
                self.emit(word)
        self.ended = True

    def return_(self) -> None:
        kind = self.returns
        held = [value(self, 0) for value in DIGESTS for _ in range(2)] if kind == "num" else []
        held = [h for h in held if h is not None]
        if held and self.chance(0.8):  # so that what was changed matters
            value = " + ".join([self.expr(1), *(f"{h} * {self.atom()}" if self.chance(0.5) else h for h in held)])
        elif kind == "num" and self.visible("num"):
            a, b = self.pick("num"), self.pick("num")  # so that results depend on something
            value = f"{a[0]} + {self.expr(2)} * {b[0]}" if self.chance(0.7) else self.expr(2)  # type: ignore[index]
        else:
            value = self.of_kind(kind, 2)
        self.emit(f"return {value}")

    # statements

    def statement(self) -> None:
        self.budget -= 1
        outside, self.reserved = self.reserved, set()
        for _ in range(30):
            feature, _, production = self.rng.choices(STATEMENTS, weights=self.world.weights)[0]
            if (feature == "" or self.on(feature)) and production(self) is not False:
                break
        else:
            self.emit("pass")
        self.reserved = outside

    def value(self, depth: int = 3) -> str:
        """What to assign: bounded inside loops, where it may feed itself."""
        return self.bounded(depth - 1) if self.loops and self.chance(0.8) else self.expr(depth)

    def write(self, size: int) -> list[str]:
        """The whole body, ended by a return."""
        self.budget = size
        while self.budget > 0 and not self.ended:
            self.statement()
        if not self.ended:
            self.return_()
        return self.lines


DIGESTS: list[Callable[[Any, int], str | None]] = []  # numbers that show what became of mutable values
STATEMENTS: list[tuple[str, float, Callable[[Any], bool | None]]] = []


def statement(feature: str, weight: float) -> Callable[[Callable[[Any], bool | None]], Callable[[Any], bool | None]]:
    """Register a production; it returns False, having written nothing, where it does not apply."""

    def register(production: Callable[[Any], bool | None]) -> Callable[[Any], bool | None]:
        STATEMENTS.append((feature, weight, production))
        return production

    return register
