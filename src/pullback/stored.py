"""Kinds of fields that a function assigns, where it changes nothing else.

def step(self, f):          with a float in `self.v` on entry, and a float stored:
    self.v += f                 `self.v` is a float throughout, whatever other names the object has
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pullback import ir
from pullback.array_methods import settle_array_methods
from pullback.counts import is_count
from pullback.decided import take_decided_arms
from pullback.infer import infer
from pullback.kinds import NOTHING, Kind, join, same
from pullback.names import Names
from pullback.operations import stores_plainly
from pullback.sharing import Sharing

SharingOf = Callable[[ir.FunctionIR, Names, Any], Sharing]


def only_stores(
    lowered: ir.FunctionIR, names: Names, given: dict[str, Kind], result_of: Any, sharing_of: SharingOf
) -> tuple[Kind, Sharing] | None:
    """The kind of the result, and what the names share, of a function that changes only fields of plain objects.

    Each such field holds what it does on entry, or a value that is stored under its name, whichever object it is of.
    None where the function changes anything else.
    """
    stores = [s for s in ir.walk(lowered.body) if isinstance(s, ir.Store)]
    deletes = any(isinstance(s, ir.Opaque) for s in ir.walk(lowered.body))
    if not stores or deletes or not all(s.attribute for s in stores):
        return None
    counting = names.forward or bool(names.helpers)  # (tangents are stored, too: only counters are looked for)
    names.stored, dynamic = {s.key: NOTHING for s in stores}, names.dynamic
    names.dynamic = True
    for _ in range(5):
        names.fields.clear()
        result = infer(lowered, names, given, result_of)
        found = dict(names.stored)
        for s in stores:
            found[s.key] = join(found[s.key], Kind(s.facts.kinds[1].mask, s.facts.kinds[1].cls))
        if all(same(found[n], names.stored[n]) for n in found):
            settle_array_methods(lowered)
            sharing = sharing_of(lowered, names, given)
            plain = all(stores_plainly(s.facts.kinds[0], s.key) for s in stores)
            changing = {id(s) for s in stores if not (counting or is_count(s))}
            if plain and sharing.points.keys() <= changing:
                return result, sharing_of(lowered, names, given) if take_decided_arms(lowered) else sharing
            break
        names.stored = found
    names.stored, names.dynamic = None, dynamic
    return None


def says_of_parts(lowered: ir.FunctionIR) -> bool:
    """Whether anything is taken to be known of what a container or object holds."""
    binds = [s.facts for s in ir.walk(lowered.body) if isinstance(s, ir.Bind)]
    return any(k.parts is not None for facts in binds for k in (*facts.kinds, facts.kind))
