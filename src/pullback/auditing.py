"""Development mode: every rule of a user is checked where it is used first.

    with pb.audit():
        pb.gradient(model)(x)     ->  WrongRuleError: model.py:12: `wave_vjp`, the rule of wave, is wrong: ...

An audit is a scope, as `pb.derivatives` opens: in it a rule is another one, which checks itself when it
is asked what it covers. Outside there is nothing of it, in generated code or elsewhere.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from pullback.comparing import Options
from pullback.differences import copied
from pullback.errors import AuditWarning, WrongRuleError
from pullback.rule_calls import rule_call
from pullback.rule_testing import check_call
from pullback.rules import _ENTRIES, Audit, Entry, audit_everywhere, constant, pushed, scope
from pullback.vjp_rules import VjpRule

ENTRIES = 4  # how many numbers of the arguments are looked at one by one; the others along random directions


class AuditedRule(VjpRule):
    """A rule that is checked at the first call that is differentiated through it, and refused if it is wrong."""

    def __init__(self, rule: VjpRule) -> None:
        super().__init__(rule.function, rule.vjp, rule.wrt, rule.forward)
        self._rule = rule
        self._lock = threading.RLock()  # another thread waits for the answer; the check itself may come here again
        self._state = "new"
        self._error = ""

    def operands(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[int | str, Any]]:
        """The operands that the rule covers, once it is known to be right."""
        if self._state != "right":
            with self._lock:
                if self._state == "new":
                    self._check(args, kwargs)
                if self._state == "wrong":
                    raise WrongRuleError(self._error)
        return super().operands(args, kwargs)

    def _check(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        called = rule_call(self._rule, args, kwargs)
        if not called.operands:
            return  # nothing here has a derivative: another call will
        self._state = "checking"
        given, named = copied((args, kwargs))
        try:
            check_call(self.function, called, given, named, Options(allow_kinks=True, entries=ENTRIES))
        except WrongRuleError as error:
            self._state, self._error = "wrong", f"{error}\n  (found by pb.audit at its first use)"
        except Exception as error:
            warnings.warn(f"{called} cannot be checked here: {error}", AuditWarning, stacklevel=2)
            self._state = "right"
        else:
            self._state = "right"


class RuleAudit(Audit):
    """The scope: it has an entry for every function that has users' rules, with audited ones in it."""

    def __init__(self, skip: Iterable[Any] = (), outer: tuple[dict[int, Entry], ...] = ()) -> None:
        super().__init__()
        self.outer = outer
        self.skip = tuple(skip)
        self._rules: dict[int, AuditedRule] = {}
        self._entries: dict[int, tuple[Entry, int, Entry]] = {}
        self._lock = threading.Lock()

    def audited(self, rule: VjpRule) -> VjpRule:
        """The rule that checks itself; one and the same for a rule, so that it does so once."""
        if isinstance(rule, AuditedRule) or any(s is rule.function or s is rule.vjp for s in self.skip):
            return rule
        with self._lock:
            known = self._rules.get(id(rule.vjp))
            if known is None or known.function is not rule.function or known.wrt != rule.wrt:
                known = self._rules[id(rule.vjp)] = AuditedRule(rule)
        return known

    def _found(self, key: Any) -> Entry | None:
        for overrides in self.outer:
            if key in overrides:
                return overrides[key]
        return _ENTRIES.get(key)

    def __contains__(self, key: object) -> bool:
        entry = self._found(key)
        return entry is not None and bool(entry.vjps)

    def __getitem__(self, key: int) -> Entry:
        entry = self._found(key)
        if entry is None:
            raise KeyError(key)
        known = self._entries.get(key)
        if known is None or known[0] is not entry or known[1] != len(entry.vjps):
            made = replace(entry, vjps=[self.audited(r) for r in entry.vjps])
            known = self._entries[key] = (entry, len(entry.vjps), made)
        return known[2]


def audit(skip: Iterable[Any] = ()) -> AbstractContextManager[None]:
    """A scope, of this thread or task, in which every user's rule is checked at its first use.

    The first time that a call is differentiated through a rule (registered with `pb.derivative` or
    `pb.derivatives`, or made by `pb.differentiable_function`), the rule is checked at the arguments of
    that call, as `pb.testing.check_rule` checks it, with a few numbers instead of all. A wrong one
    raises WrongRuleError, an AssertionError, which names the rule's line and that of the call. Rules
    that `pb.testing.surrogate` marks are not compared with differences; functions and rules in `skip`
    are left alone. What cannot be checked (a result that is random, or not finite) is an AuditWarning.

    The check calls the function and the rule some dozens of times, with copies of the arguments: what
    they print, draw or write elsewhere is printed, drawn and written as often. The environment variable
    PULLBACK_AUDIT=1 does the same for a whole process, all threads of it.

    >>> import math, pullback as pb
    >>> def cube(x): return x ** 3
    >>> @pb.derivative(of=cube)
    ... def cube_vjp(x): return cube(x), lambda v: v * 2.0 * x ** 2
    >>> with pb.audit():
    ...     pb.gradient(lambda x: cube(x))(2.0)  # doctest: +SKIP
    WrongRuleError: model.py:2: `cube_vjp`, the rule of cube, is wrong: d result / d x: analytic 8.0, numeric 12.0
    """
    return pushed(RuleAudit(skip, scope()))


constant(audit, returns="scope")


def install() -> None:
    """Audit the whole process."""
    audit_everywhere(RuleAudit())


__all__ = ["AuditedRule", "RuleAudit", "audit", "install"]
