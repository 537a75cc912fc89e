"""A model that was updated before: its parameters again, without searching.

A search asks of every value what it is; for a small model that costs more than moving it. Here the
model is compared, by identity, with what the search found last time, at every object, list and dict
on the way; only where all is as it was are the parameters handed out again with new gradients.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import is_
from typing import Any

import numpy as np

from pullback.optim.parameters import Parameter, Parameters
from pullback.structs import is_struct_class
from pullback.tangents import Tangent, TangentVector


class _Node:
    """An object, list, dict or tuple on the way to parameters, and its contents when last seen."""

    __slots__ = ("children", "constant", "contents", "is_dict", "is_object", "seen", "size", "tangent_class")

    def __init__(self, contents: Any, is_object: bool) -> None:
        self.contents = contents  # an object's __dict__, or the container itself
        self.is_dict = isinstance(contents, dict)
        self.is_object = is_object
        self.seen: list[Any] = []
        self.children: list[tuple[Any, Parameter | _Node]] = []  # those with tangents
        self.constant: list[_Node] = []  # those without
        self.tangent_class: type = object
        self.size = 0

    def remember(self) -> None:
        """Take the contents as they are now for those to be expected."""
        self.seen = list(self.contents.values() if self.is_dict else self.contents)

    def is_unchanged(self) -> bool:
        """Whether the contents are the very objects last seen; an int or a string may have changed."""
        contents, seen = self.contents, self.seen
        if len(contents) != len(seen):
            return False
        values = contents.values() if self.is_dict else contents
        if not all(map(is_, values, seen)):
            for now, before in zip(values, seen, strict=True):
                if now is not before and not (isinstance(now, (int, str)) and isinstance(before, (int, str))):
                    return False
        return not self.constant or all(node.is_unchanged() for node in self.constant)


class KnownModel:
    """What a search of a model found, to be used again while the model is made of the same objects."""

    def __init__(self, model: Any, along: Tangent, found: Parameters) -> None:
        self._model = model
        self._found = found
        self._by_path = {parameter.path: parameter for parameter in found.found}
        self._met: set[str] = set()
        self._nodes: list[_Node] = []
        self._usable = found.is_plain
        self._root = self._node(model, along, "") if self._usable else None
        self._usable = self._usable and self._met == self._by_path.keys()

    def again(self, model: Any, along: Tangent) -> Parameters | None:
        """The parameters with new gradients; None where a search is needed."""
        if self._usable and model is self._model and isinstance(self._root, _Node) and _renewed(self._root, along):
            return self._found
        return None

    def remember(self) -> None:
        """The model has been moved: its present contents are those to be expected."""
        for node in self._nodes:
            node.remember()

    def _node(self, x: Any, t: Tangent, path: str) -> Parameter | _Node | None:
        """The nodes below a value; None for one that cannot hold parameters."""
        if path in self._by_path:
            self._met.add(path)
            return self._by_path[path]
        if isinstance(x, (list, dict, tuple)):
            node = _Node(x, False)
        elif is_struct_class(type(x)):
            if not hasattr(x, "__dict__") or any(base.__dict__.get("__slots__") for base in type(x).__mro__):
                self._usable = False  # slots cannot be compared all at once
                return None
            node = _Node(x.__dict__, True)
        else:
            return None
        self._nodes.append(node)
        parts = t.__dict__ if isinstance(t, TangentVector) else t
        if type(parts) in (dict, list, tuple):
            node.tangent_class, node.size = t.__class__, len(parts)
        self._descend(node, parts, path)
        node.remember()
        return node

    def _descend(self, node: _Node, parts: Any, path: str) -> None:
        items: Iterable[tuple[Any, Any]] = (
            node.contents.items() if isinstance(node.contents, dict) else enumerate(node.contents)
        )
        dot = path + "." if path else ""
        for key, value in items:
            if isinstance(parts, dict):
                part = parts.get(key)
            else:
                part = parts[key] if node.size else None
            child = self._node(value, part, dot + key if node.is_object else f"{path}[{key!r}]")
            if isinstance(child, _Node) and child.size == 0:
                node.constant.append(child)
            elif child is not None:
                node.children.append((key, child))


def _renewed(node: _Node, t: Tangent) -> bool:
    """Give the parameters below a node their gradients; False where anything is not as expected."""
    if t.__class__ is not node.tangent_class or not node.is_unchanged():
        return False
    parts: Any = t.__dict__ if node.is_object else t
    if len(parts) != node.size:
        return False
    try:
        for key, child in node.children:
            g = parts[key]
            if isinstance(child, Parameter):
                x = child.value = node.contents[key]
                if g.__class__ is not x.__class__:
                    return False
                if g.__class__ is np.ndarray and (
                    g.shape != x.shape or (g.dtype is not x.dtype and g.dtype != x.dtype)
                ):
                    return False
                child.gradient = g
            elif not _renewed(child, g):
                return False
    except KeyError:
        return False
    return True
