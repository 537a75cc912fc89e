"""The run-time calls under the names by which generated code reaches them."""

from __future__ import annotations

from pullback.attributes import call_method, read_attribute, read_item
from pullback.calls import CALLS
from pullback.dispatch import call, observe
from pullback.iterating import iterated
from pullback.operating import operate, operate_inplace
from pullback.starred import call_starred
from pullback.watching import watched

__all__ = ["CALLS"]

CALLS.update(
    call=call, call_method=call_method, call_starred=call_starred, read_attribute=read_attribute,
    watched=watched, read_item=read_item, operate=operate, operate_inplace=operate_inplace, observe=observe,
    iterated=iterated,
)  # fmt: skip
