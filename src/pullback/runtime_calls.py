"""The run-time calls under the names by which generated code reaches them."""

from __future__ import annotations

from pullback.attributes import call_method, read_attribute, read_item
from pullback.calls import CALLS
from pullback.differential_calls import call_differential
from pullback.differential_objects import (
    attribute_differential,
    item_differential,
    method_differential,
    operate_differential,
    operate_inplace_differential,
)
from pullback.dispatch import call, observe
from pullback.linked import USER_RULES
from pullback.operating import operate, operate_inplace
from pullback.pull_apply import pull_apply
from pullback.starred import call_starred
from pullback.watching import watched

__all__ = ["CALLS", "USER_RULES"]

CALLS.update(
    call=call, call_method=call_method, call_starred=call_starred, read_attribute=read_attribute,
    watched=watched, read_item=read_item, operate=operate, operate_inplace=operate_inplace, observe=observe,
    call_differential=call_differential, method_differential=method_differential,
    attribute_differential=attribute_differential, item_differential=item_differential,
    operate_differential=operate_differential, operate_inplace_differential=operate_inplace_differential,
    pull_apply=pull_apply,
)  # fmt: skip
