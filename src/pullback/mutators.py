"""The names of functions and methods that change an argument in place."""

from __future__ import annotations

MUTATORS = frozenset(
    [
        "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "setdefault", "popitem",
        "fill", "put", "itemset", "resize", "partition", "setfield", "setflags", "add", "discard", "appendleft",
        "extendleft", "rotate", "__setitem__", "__setattr__", "shuffle", "setattr", "heappush", "heappop", "copyto",
        "place", "__delitem__", "delattr", "__delattr__", "popleft", "heapify", "heapreplace", "heappushpop", "insort",
        "insort_left", "setitem", "delitem", "insort_right", "put_along_axis", "putmask", "fill_diagonal",
        "move_to_end", "__iadd__", "__imul__", "__ior__", "__iand__", "__isub__", "__ixor__",
    ]
)  # fmt: skip
