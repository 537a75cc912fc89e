"""Names of the grammar's switches: `CORE` is today's language, `NEXT` what is still to come."""

from __future__ import annotations

CORE = frozenset(
    """
    pow powers math builtins mod ints intfloat ternary boolops boolvalue chained fstring print assert
    swap augassign multiassign annotated if for while truewhile break continue return loopelse onepath carried
    tuple nested list dict foreach enumerate zip items
    calls keywords defaults kwonly recursion mutual tuplereturn
    lambda immediate nesteddef choice higherorder lambdadefault
    struct property method namedtuple structarg containerarg intarg constants
    """.split()
)
NEXT = frozenset(
    """
    walrus append setitem setattr comprehension try with match starred operators reversed
    """.split()
)
ALL = CORE | NEXT


def parse(text: str) -> frozenset[str]:
    """Features from a command line: `core`, `all`, `core,walrus` or `core,-zip`."""
    chosen: set[str] = set()
    for word in text.split(","):
        word = word.strip()
        remove, name = word.startswith("-"), word.removeprefix("-")
        group = {"core": CORE, "all": ALL, "next": NEXT}.get(name, frozenset({name}))
        unknown = group - ALL
        if unknown:
            raise SystemExit(f"unknown feature {', '.join(sorted(unknown))}; known: {', '.join(sorted(ALL))}")
        chosen = chosen - group if remove else chosen | group
    return frozenset(chosen)
