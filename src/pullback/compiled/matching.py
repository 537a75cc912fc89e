"""`match`: which case holds, from what is known of the subject, or by tests where that is known at run time only.

    match shape:                    the class of `shape` is known: no code
        case Circle(r): ...
    match n:                        if n == 1: _case1 = 0
        case 1: ...                 else: _case1 = 1
"""

from __future__ import annotations

import ast

from pullback import ir
from pullback.compiled.joining import Joining
from pullback.compiled.operators import literal
from pullback.compiled.values import INT, Arr, Known, Maybe, Num, Obj, Tup, Value, refuse
from pullback.spans import Span

_ITSELF = (bool, float, int, str, tuple, list)  # classes whose one pattern is of the subject itself


class Matching(Joining):
    """Decides which case of a `match` holds."""

    def deciding(self, node: ast.Match, span: Span) -> None:
        """Set the name of the case that holds; what the patterns bind is read afterwards."""
        assert isinstance(node.subject, ast.Name)
        subject = self.raw(node.subject.id, span)
        cases: list[tuple[ast.pattern, str, int]] = []
        for case in node.cases:
            (setting,) = case.body
            assert isinstance(setting, ast.Assign) and isinstance(setting.value, ast.Constant)
            assert isinstance(setting.targets[0], ast.Name) and isinstance(setting.value.value, int)
            cases.append((case.pattern, setting.targets[0].id, setting.value.value))

        def choose(at: int) -> None:
            pattern, name, number = cases[at]

            def take() -> None:
                self.state.env[name] = Num(ir.Lit(number), INT)

            test = self.matches(pattern, subject, span)
            if not isinstance(test, ir.Lit):
                self.branch(test, take, lambda: choose(at + 1), span)
            elif test.value:
                take()
            else:
                choose(at + 1)

        choose(0)

    def matches(self, pattern: ast.pattern, value: Value, span: Span) -> ir.Atom:
        """Whether a value matches a pattern that binds nothing."""
        if isinstance(value, Maybe) and not isinstance(pattern, (ast.MatchAs, ast.MatchOr, ast.MatchSingleton)):
            value = self.present(value, "the subject of `match`", span)
        match pattern:
            case ast.MatchAs(pattern=None):
                return ir.Lit(True)
            case ast.MatchAs(pattern=ast.pattern() as inner):
                return self.matches(inner, value, span)
            case ast.MatchOr(patterns=patterns):
                tests = [self.matches(p, value, span) for p in patterns]
                return self.combined(ast.Or(), tests, False, span).atom
            case ast.MatchSingleton(value=None):
                return self.truth(self.comparison((ast.Is(),), [value, Known(None)], span), span)
            case ast.MatchSingleton(value=known):
                if not isinstance(value, Num) or value.type != "b":
                    return ir.Lit(False)
                return self.truth(self.comparison((ast.Eq(),), [value, Num(ir.Lit(known), "b")], span), span)
            case ast.MatchValue(value=node):
                return self._equals(value, node, span)
            case ast.MatchSequence(patterns=patterns):
                return self._sequence(value, patterns, span)
            case ast.MatchClass():
                return self._of_class(value, pattern, span)
        raise refuse("this pattern is not compiled", span, help="compare in an `if`")

    def _equals(self, value: Value, node: ast.expr, span: Span) -> ir.Atom:
        try:
            wanted = literal(ast.literal_eval(node))
        except ValueError:
            wanted = self.value_of(node, span)
        if isinstance(value, Num) is not isinstance(wanted, Num) and isinstance(wanted, (Num, Known)):
            if isinstance(value, (Num, Known, Tup)):
                return ir.Lit(False)
            raise refuse("this pattern is not compiled for such a value", span)
        return self.truth(self.comparison((ast.Eq(),), [value, wanted], span), span)

    def _sequence(self, value: Value, patterns: list[ast.pattern], span: Span) -> ir.Atom:
        if isinstance(value, (Num, Arr)) or (isinstance(value, Known) and isinstance(value.value, (str, type(None)))):
            return ir.Lit(False)  # (an array is no sequence to `match`)
        if isinstance(value, Obj) and value.cls is not list:
            return ir.Lit(False)
        items = self.items(value, span)
        star = next((i for i, p in enumerate(patterns) if isinstance(p, ast.MatchStar)), None)
        if star is not None:
            after = len(patterns) - star - 1
            if len(items) < len(patterns) - 1:
                return ir.Lit(False)
            patterns = [*patterns[:star], *patterns[star + 1 :]]
            items = [*items[:star], *(items[len(items) - after :] if after else [])]
        if len(items) != len(patterns):
            return ir.Lit(False)
        return self._all([(p, v) for p, v in zip(patterns, items, strict=True)], span)

    def _of_class(self, value: Value, pattern: ast.MatchClass, span: Span) -> ir.Atom:
        cls = self.value_of(pattern.cls, span)
        if not (isinstance(cls, Known) and isinstance(cls.value, type)):
            raise refuse("this pattern is not compiled", span)
        held = self.truth(self.call(Known(isinstance), [value, cls], {}, "_t", span), span)
        if not isinstance(held, ir.Lit) or not held.value:
            return held
        if cls.value in _ITSELF and pattern.patterns:
            return self.matches(pattern.patterns[0], value, span)
        names: tuple[str, ...] = getattr(cls.value, "__match_args__", ())
        if len(pattern.patterns) > len(names):
            raise refuse(f"`{cls.value.__name__}` has no {len(pattern.patterns)} positions to match", span)
        by_name = zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)
        named = [*zip(names, pattern.patterns, strict=False), *by_name]
        return self._all([(p, self.attribute(value, n, span)) for n, p in named], span)

    def _all(self, pairs: list[tuple[ast.pattern, Value]], span: Span) -> ir.Atom:
        tests = [self.matches(p, v, span) for p, v in pairs]
        return self.combined(ast.And(), tests, False, span).atom
