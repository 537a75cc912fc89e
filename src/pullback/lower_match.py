"""`match` as tests and reads: Python's own `match` decides which case holds, and captures are read by their path.

    match shape:                            match _m1:
        case Circle(r): area = r * r            case Circle(_): _case1 = 0
        case Box(w, [h, *_]): ...               case Box(_, [_, *_]): _case1 = 1
                                                case _: _case1 = 2
                                            if _case1 == 0:
                                                r = _m1.r
                                                area = r * r
                                            elif ...

So what matches is Python's decision to the letter, and what a differentiated subject gives to a name
is an ordinary read, which has a derivative.
"""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Callable, Iterator

_SELF = frozenset({
    "bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple",
})  # fmt: skip


def desugared(node: ast.Match, fresh: Callable[[str], str]) -> list[ast.stmt]:
    """The statements that a `match` is equal to; the one that decides is marked `decides`."""
    subject = fresh("_m")
    first = ast.copy_location(ast.Assign([ast.Name(subject, ast.Store())], node.subject), node.subject)
    _place(first, node.subject)
    return [first, *_chain(node.cases, subject, fresh)]


def _chain(cases: list[ast.match_case], subject: str, fresh: Callable[[str], str]) -> list[ast.stmt]:
    """The cases from here on: those up to the first guard are decided at once."""
    if not cases:
        return []
    count = next((i for i, c in enumerate(cases) if c.guard is not None), len(cases))
    if count == 0:
        return _guarded(cases[0], _chain(cases[1:], subject, fresh), subject, fresh)
    chosen = fresh("_case")
    ways = [_ways(c.pattern) for c in cases[:count]]
    numbers = itertools.count()
    numbered = [[(next(numbers), way) for way in case] for case in ways]
    decision = _decision(subject, chosen, [w for case in numbered for w in case], cases[0].pattern)
    rest = _chain(cases[count:], subject, fresh)
    for case, alternatives in zip(reversed(cases[:count]), reversed(numbered), strict=True):
        arm = [*_captures(alternatives, chosen, subject), *case.body]
        low, high = alternatives[0][0], alternatives[-1][0]
        test: ast.expr = _compare(chosen, low)
        if low != high:
            test = ast.Compare(ast.Constant(low), [ast.LtE(), ast.LtE()], [_name(chosen), ast.Constant(high)])
        rest = [_place(ast.If(test, arm, rest), case.pattern)]
    return [decision, *rest]


def _guarded(
    case: ast.match_case, otherwise: list[ast.stmt], subject: str, fresh: Callable[[str], str]
) -> list[ast.stmt]:
    """A case with a guard, which may fail after the pattern has matched and bound its names."""
    assert case.guard is not None
    chosen, holds = fresh("_case"), fresh("_holds")
    ways = list(enumerate(_ways(case.pattern)))
    decision = _decision(subject, chosen, ways, case.pattern)
    guard = ast.copy_location(ast.Assign([ast.Name(holds, ast.Store())], case.guard), case.guard)
    failed = ast.Assign([ast.Name(holds, ast.Store())], ast.Constant(False))
    test = ast.Compare(_name(chosen), [ast.Lt()], [ast.Constant(len(ways))])
    matched = ast.If(test, [*_captures(ways, chosen, subject), guard], [failed])
    found = ast.If(_name(holds), case.body, otherwise)
    return [decision, _place(matched, case.pattern), _place(found, case.pattern)]


def _decision(
    subject: str, chosen: str, ways: list[tuple[int, ast.pattern]], place: ast.AST
) -> ast.Match:
    """The `match` that says which way holds, or their number where none does."""
    cases = [ast.match_case(_bare(way), None, [_set(chosen, number)]) for number, way in ways]
    if not _irrefutable(cases[-1].pattern):
        cases.append(ast.match_case(ast.MatchAs(None, None), None, [_set(chosen, len(ways))]))
    decision = _place(ast.Match(_name(subject), cases), place)
    decision.decides = True  # type: ignore[attr-defined]
    assert isinstance(decision, ast.Match)
    return decision


def _captures(ways: list[tuple[int, ast.pattern]], chosen: str, subject: str) -> list[ast.stmt]:
    """The bindings of a case's names; where alternatives bind them differently, by the one that holds."""
    made = [(number, [_place(s, way) for s in _reads(way, _name(subject))]) for number, way in ways]
    *others, (_, result) = made
    for number, bindings in reversed(others):
        if bindings or result:
            result = [_place(ast.If(_compare(chosen, number), bindings or [ast.Pass()], result), ways[0][1])]
    return result


def _ways(pattern: ast.pattern) -> list[ast.pattern]:
    """A pattern without alternatives that bind names: one pattern for each."""
    if not any(isinstance(p, ast.MatchOr) for p in ast.walk(pattern)) or not _binds(pattern):
        return [pattern]
    if isinstance(pattern, ast.MatchOr):
        return [way for p in pattern.patterns for way in _ways(p)]
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
        return [_with(pattern, pattern=way) for way in _ways(pattern.pattern)]
    if isinstance(pattern, (ast.MatchSequence, ast.MatchMapping)):
        parts = itertools.product(*map(_ways, pattern.patterns))
        return [_with(pattern, patterns=list(p)) for p in parts]
    if isinstance(pattern, ast.MatchClass):
        count = len(pattern.patterns)
        parts = itertools.product(*map(_ways, [*pattern.patterns, *pattern.kwd_patterns]))
        return [_with(pattern, patterns=list(p[:count]), kwd_patterns=list(p[count:])) for p in parts]
    return [pattern]


def _with(pattern: ast.pattern, /, **changed: object) -> ast.pattern:
    made = copy.copy(pattern)
    for field, value in changed.items():
        setattr(made, field, value)
    return made


def _binds(pattern: ast.pattern) -> bool:
    return any(getattr(p, "name", None) or getattr(p, "rest", None) for p in ast.walk(pattern))


def _bare(pattern: ast.pattern) -> ast.pattern:
    """A pattern that binds nothing and matches the same."""
    match pattern:
        case ast.MatchAs(pattern=None):
            return ast.MatchAs(None, None)
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _bare(inner)
        case ast.MatchStar():
            return ast.MatchStar(None)
        case ast.MatchSequence(patterns=patterns) | ast.MatchOr(patterns=patterns):
            return _with(pattern, patterns=[_bare(p) for p in patterns])
        case ast.MatchMapping(patterns=patterns):
            return _with(pattern, patterns=[_bare(p) for p in patterns], rest=None)
        case ast.MatchClass(patterns=patterns, kwd_patterns=by_name):
            return _with(pattern, patterns=[_bare(p) for p in patterns], kwd_patterns=[_bare(p) for p in by_name])
    return pattern


def _irrefutable(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _reads(pattern: ast.pattern, value: ast.expr) -> Iterator[ast.stmt]:
    """`name = <the part of the subject that it captures>`, in the order Python binds them."""
    if not _binds(pattern):
        return
    match pattern:
        case ast.MatchAs(pattern=inner, name=name):
            if inner is not None:
                yield from _reads(inner, value)
            if name is not None:
                yield ast.Assign([ast.Name(name, ast.Store())], value)
        case ast.MatchSequence(patterns=patterns):
            star = next((i for i, p in enumerate(patterns) if isinstance(p, ast.MatchStar)), len(patterns))
            for i, part in enumerate(patterns):
                if isinstance(part, ast.MatchStar):
                    if part.name is not None:
                        stop = i + 1 - len(patterns)
                        span = ast.Slice(ast.Constant(i), _integer(stop) if stop else None, None)
                        items = ast.List([ast.Starred(value, ast.Load())], ast.Load())
                        yield ast.Assign([ast.Name(part.name, ast.Store())], ast.Subscript(items, span, ast.Load()))
                else:
                    index = _integer(i if i < star else i - len(patterns))
                    yield from _reads(part, ast.Subscript(value, index, ast.Load()))
        case ast.MatchMapping(keys=keys, patterns=patterns, rest=rest):
            for key, part in zip(keys, patterns, strict=True):
                yield from _reads(part, ast.Subscript(value, key, ast.Load()))
            if rest is not None:
                yield ast.Assign([ast.Name(rest, ast.Store())], _remaining(value, keys))
        case ast.MatchClass(cls=cls, patterns=patterns, kwd_attrs=names, kwd_patterns=by_name):
            for i, part in enumerate(patterns):
                yield from _reads(part, _positional(cls, value, i))
            for attribute, part in zip(names, by_name, strict=True):
                yield from _reads(part, ast.Attribute(value, attribute, ast.Load()))


def _positional(cls: ast.expr, value: ast.expr, index: int) -> ast.expr:
    """The attribute of a positional part of a class pattern; a builtin's is the subject itself."""
    if isinstance(cls, ast.Name) and cls.id in _SELF:
        return value
    names = ast.Attribute(cls, "__match_args__", ast.Load())
    return ast.Call(_name("getattr"), [value, ast.Subscript(names, ast.Constant(index), ast.Load())], [])


def _remaining(value: ast.expr, keys: list[ast.expr]) -> ast.expr:
    """What `**rest` captures of a mapping."""
    key, item = ast.Name("_key", ast.Store()), ast.Name("_item", ast.Store())
    items = ast.Call(ast.Attribute(value, "items", ast.Load()), [], [])
    kept = ast.Compare(_name("_key"), [ast.NotIn()], [ast.Tuple(list(keys), ast.Load())])
    loop = ast.comprehension(ast.Tuple([key, item], ast.Store()), items, [kept] if keys else [], 0)
    return ast.DictComp(_name("_key"), _name("_item"), [loop])


def _integer(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _name(identifier: str) -> ast.Name:
    return ast.Name(identifier, ast.Load())


def _set(identifier: str, value: int) -> ast.stmt:
    return ast.Assign([ast.Name(identifier, ast.Store())], ast.Constant(value))


def _compare(identifier: str, value: int) -> ast.expr:
    return ast.Compare(_name(identifier), [ast.Eq()], [ast.Constant(value)])


def _place(stmt: ast.stmt, place: ast.AST) -> ast.stmt:
    """Give a made statement, and what in it has none, the place of the user's pattern."""
    for node in ast.walk(stmt):
        if "lineno" in node._attributes and getattr(node, "end_lineno", None) is None:
            ast.copy_location(node, place)
    return stmt
