"""Names of the grammar's switches.

`CORE` is pure code, `NEXT` what came later, `MUTATION` values changed in place, `BROAD` constructs of all sorts.
"""

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
MUTATION = frozenset(
    """
    arrays views aliases stores augstores inplace fills sorts buffers rows
    mutables seqs maps containers attributes effects
    swaps overlaps nestedlists accumulators attempts orders algorithms
    """.split()
)
CONTROL = frozenset(
    """
    pow math builtins ints ternary boolops augassign swap if for while break continue return onepath carried
    tuple calls keywords recursion lambda nesteddef higherorder constants
    """.split()
)
BROAD = frozenset(
    """
    useroperators inheritance varargs makers nonlocals decorators raising generators comprehensions sequences matching
    flow
    """.split()
)
ALL = CORE | NEXT
EVERY = ALL | MUTATION | BROAD
GROUPS = {
    "core": CORE,
    "all": ALL,
    "next": NEXT,
    "mutation": CONTROL | MUTATION,
    "broad": CONTROL | BROAD,
    "every": EVERY,
}


def parse(text: str) -> frozenset[str]:
    """Features from a command line: `core`, `all`, `core,walrus` or `core,-zip`."""
    chosen: set[str] = set()
    for word in text.split(","):
        word = word.strip()
        remove, name = word.startswith("-"), word.removeprefix("-")
        group = GROUPS.get(name, frozenset({name}))
        unknown = group - EVERY
        if unknown:
            raise SystemExit(f"unknown feature {', '.join(sorted(unknown))}; known: {', '.join(sorted(EVERY))}")
        chosen = chosen - group if remove else chosen | group
    return frozenset(chosen)
