"""Dictionaries: items, defaults, views, keys that are asked for."""

from .registry import fact


def get(values, key):
    if key in values:
        return values[key]
    return None


@fact({"s1": 1.0}, gradient={"s1": 1.0})
def by_a_helper(values):
    return get(values, "s1")


@fact({"a": 2.0, "b": 3.0}, gradient={"a": 3.0, "b": 2.0})
def product_of_items(values):
    return values["a"] * values["b"]


@fact({"a": 2.0, "b": 3.0}, gradient={"a": 1.0, "b": 0.0})
def with_defaults(values):
    return values.get("a", 5.0) + values.get("c", 7.0)


@fact({"a": 2.0, "b": 3.0}, gradient={"a": 4.0, "b": 6.0})
def over_the_values(values):
    return sum(v * v for v in values.values())


@fact({"a": 2.0, "b": 3.0}, gradient={"a": 1.0, "b": 2.0})
def over_the_items(values):
    weights = {"a": 1.0, "b": 2.0}
    total = 0.0
    for k, v in values.items():
        total += weights[k] * v
    return total


@fact({"a": 2.0, "b": 3.0}, cotangent={"a": 1.0, "b": 1.0, "c": 1.0}, gradient={"a": 4.0, "b": 3.0})
def merged(values):
    return {**values, "c": values["a"] * values["b"]}


@fact({"a": {"b": 2.0}}, 3.0, gradient=({"a": {"b": 3.0}}, 2.0))
def nested(values, x):
    return values["a"]["b"] * x


@fact({"a": 2.0}, gradient={"a": 4.0})
def comprehension(values):
    squares = {k: v * v for k, v in values.items()}
    return squares["a"]
