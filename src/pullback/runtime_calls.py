"""The run-time calls under the names by which generated code reaches them."""

from __future__ import annotations

from pullback import asking, converting, differential_construct, shared_arrays, shared_changes, shared_construct
from pullback.attributes import call_method, read_attribute, read_item
from pullback.calls import CALLS
from pullback.differential_calls import call_differential
from pullback.differential_changes import (
    change_attribute,
    change_differential,
    change_item,
    change_method,
    change_operator,
    set_attribute_differential,
    set_item_differential,
)
from pullback.differential_in_place import operate_inplace_differential
from pullback.differential_objects import (
    attribute_differential,
    item_differential,
    method_differential,
    operate_differential,
)
from pullback.dispatch import call, observe
from pullback.iterating import iterated, kept_track_of
from pullback.linked import USER_RULES
from pullback.operating import operate, operate_inplace
from pullback.pull_apply import pull_apply
from pullback.shared_access import read_attribute_shared, read_item_shared, set_attribute, set_item
from pullback.shared_calls import call_method_shared, call_shared, sparing, strict
from pullback.shared_operators import call_starred_shared, operate_inplace_shared, operate_shared
from pullback.starred import call_starred

__all__ = ["CALLS", "USER_RULES"]
assert converting and differential_construct  # (these register what they differentiate)
assert shared_arrays and shared_changes and shared_construct

CALLS.update(
    asked=asking.asked, as_key=asking.as_key, unchanging=asking.unchanging,
    looked_on=asking.looked_on, same_still=asking.same_still,
    call=call, call_method=call_method, call_starred=call_starred, read_attribute=read_attribute,
    read_item=read_item, operate=operate, operate_inplace=operate_inplace, observe=observe, iterated=iterated,
    kept_track_of=kept_track_of, call_shared=call_shared, call_method_shared=call_method_shared,
    call_starred_shared=call_starred_shared, read_attribute_shared=read_attribute_shared,
    read_item_shared=read_item_shared, set_item=set_item, set_attribute=set_attribute,
    operate_shared=operate_shared, operate_inplace_shared=operate_inplace_shared,
    call_differential=call_differential, method_differential=method_differential,
    attribute_differential=attribute_differential, item_differential=item_differential,
    operate_differential=operate_differential, operate_inplace_differential=operate_inplace_differential,
    change_differential=change_differential, change_method=change_method, change_attribute=change_attribute,
    change_item=change_item, change_operator=change_operator, set_item_differential=set_item_differential,
    set_attribute_differential=set_attribute_differential, pull_apply=pull_apply,
)  # fmt: skip
CALLS["sparing"] = sparing
CALLS.update({n.replace("shared", "strict"): strict(f) for n, f in list(CALLS.items()) if n.endswith("_shared")})
