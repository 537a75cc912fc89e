"""A class every implicit method of which changes a differentiated field, and statements that run them."""

from __future__ import annotations

import textwrap
from pathlib import Path


class Log:
    """Each method adds another multiple of `x` to `count`."""

    def __init__(self, x):
        self.x = x
        self.count = x * 0.0

    def note(self, v):
        self.count = self.count + self.x * v
        return True

    @property
    def norm(self):
        self.note(5.0)
        return self.x

    def __getattr__(self, name):
        if name == "magic":
            self.note(7.0)
            return self.x
        raise AttributeError(name)


def _counting(name, k, answer):
    code = f"def __{name}__(self, *others):\n    self.count += self.x * {k}.0\n    return {answer}\n"
    return {name: textwrap.indent(code, "    ")}


# what each method returns; `x` alone is the field
_ANSWERS = {
    "contains": True, "eq": True, "ne": True, "lt": True, "le": True, "gt": True, "ge": True, "bool": True, "len": 3,
    "hash": 5, "str": "'log'", "repr": "'log'", "format": "'log'", "getitem": "self.x", "abs": "self.x",
    "float": "self.x", "int": 3, "index": 2, "iter": "iter([1.0, 2.0, self.x])", "neg": "-self.x", "add": "self.x",
    "radd": "self.x", "round": 2, "reversed": "iter([1.0])",
    "copy": "self", "deepcopy": "self", "instancecheck": True, "subclasscheck": True, "floor": 2, "ceil": 2, "trunc": 2,
    "fspath": "'log'", "sizeof": 3,
}  # fmt: skip

# differentiated where the object's class is known
DIFFERENTIATED = {
    "within": "if 2.0 in v: pass", "not_within": "if 2.0 not in v: pass", "equal": "if v == 3.0: pass",
    "unequal": "if v != 3.0: pass", "less": "if v < 3.0: pass", "less_equal": "if v <= 3.0: pass",
    "greater": "if v > 3.0: pass", "greater_equal": "if v >= 3.0: pass", "less_right": "if 3.0 < v: pass",
    "equal_right": "if 3.0 == v: pass", "chain": "if 1.0 < v < 2.0: pass",
    "chain_in_and": "if 1.0 < v.x < 9.0 and v > 1.0: pass",
    "truth": "if v: pass", "negated": "if not v: pass", "and_": "if v and x > 0: pass",
    "and_last": "if x > 0 and v: pass",
    "ternary": "y = 1.0 if v else 2.0", "or_value": "z = v or 2.0", "asserted": "assert v",
    "asserted_more": "assert v > 1.0",
    "loop": "n = 0\nwhile v and n < 3:\n    n += 1", "loop_compared": "n = 0\nwhile v > n and n < 3:\n    n += 1",
    "as_bool": "b = bool(v)", "length": "n = len(v)", "length_tested": "if len(v) > 2: pass", "hashed": "h = hash(v)",
    "text": "s = str(v)", "represented": "s = repr(v)", "formatted": "s = format(v)", "f_string": "s = f'{v}'",
    "f_string_repr": "s = f'{v!r}'", "f_string_wide": "s = f'{v:>10}'", "printed": "print(v, file=io.StringIO())",
    "item": "if v[2] > 0: pass", "getter": "if v.norm > 0: pass", "getter_in_and": "ok = v.norm > 0 and x > 0",
    "dynamic": "if v.magic > 0: pass", "dynamic_read": "y = v.magic", "absolute": "if abs(v) > 0: pass",
    "absolute_value": "y = abs(v)", "as_float": "if float(v) > 0: pass", "as_int": "n = int(v)",
    "minus": "if -v < 0: pass",
    "plus": "if v + 1.0 > 0: pass", "rounded": "n = round(v)", "method": "if v.note(2.0): pass",
    "operator_less": "b = operator.lt(v, 1.0)",
    "operator_truth": "b = operator.truth(v)", "operator_contains": "b = operator.contains(v, 1.0)",
    "walrus": "if (w := v): pass",
    "comprehended": "l = [i for i in range(3) if v]", "in_list": "if v in [1.0, 2.0]: pass",
    "none": "if v is None or v == None: pass",
    "not_value": "z = not v", "not_not": "z = not not v", "not_compared": "z = (not v) is False",
    "not_called": "z = not (w := v)",
}  # fmt: skip

# refused or differentiated
WATCHED = {
    "key": "d = {v: 1.0}", "key_stored": "d = {}\nd[v] = 2.0", "key_looked_up": "if v in {1.0: 2.0}: pass",
    "percent": "s = '%s' % v", "format_method": "s = '{}'.format(v)", "joined": "s = ','.join(str(u) for u in [v])",
    "as_index": "n = [1, 2, 3][v]", "counted": "for i in range(v): pass", "iterated": "for i in v: pass",
    "listed": "l = list(v)", "summed": "l = sum(v)", "unpacked": "a, b, c = v", "starred": "a, *b = v",
    "item_of_list": "if 1.0 in [v]: pass", "place": "n = [1.0, v].index(3.0)", "times": "n = [v].count(3.0)",
    "backwards": "for i in reversed(v): pass", "got": "y = getattr(v, 'norm')", "has": "y = hasattr(v, 'norm')",
    "ordered": "l = sorted([v, v])", "by_key": "l = sorted([v, v], key=lambda u: u.norm)", "largest": "l = max(v, v)",
    "smallest": "l = min([v, v])", "any_of": "l = any([v])", "all_of": "l = all([v])",
    "any_more": "l = any(u > 1.0 for u in [v])",
    "lists": "b = [v] == [3.0]", "tuples": "b = (1, v) < (1, 3.0)", "values": "b = 3.0 in {1: v}.values()",
    "heap": "h = []\nheapq.heappush(h, v)\nheapq.heappush(h, v)", "matched": "match v:\n    case Log(norm=n): pass",
    "matched_value": "match v:\n    case 3.0: pass", "slice_end": "n = [1, 2, 3][:v]",
    "enumerated": "for i, u in enumerate(v): pass",
    "mapped": "l = list(map(len, [v]))", "filtered": "l = list(filter(None, [v]))",
    "taken": "l = list(itertools.takewhile(bool, (v,)))", "mapped_more": "l = list(map(lambda u: u > 1.0, [v]))",
    "zipped": "for i, u in zip(v, [1, 2]): pass",
    "instance": "z = isinstance(3, v)", "instance_tested": "if isinstance(3, v): pass",
    "instance_of_one": "if isinstance(3, (str, v)): pass", "subclass": "z = issubclass(int, v)",
    "joined_map": "s = ''.join(map(str, [v]))", "mapped_over": "l = list(map(str, v))",
    "percent_tuple": "s = '%s' % (v,)", "percent_list": "s = '%s' % [v]", "percent_tested": "if '%s' % (v,): pass",
    "f_string_list": "s = f'{[v]}'", "f_string_nested": "s = f'{[[v]]}'", "repeated": "s = 'abc' * v",
    "repeated_tested": "if 'abc' * v: pass",
    "floored": "n = math.floor(v)", "floored_tested": "if math.floor(v) > 0: pass", "ceiled": "n = math.ceil(v)",
    "truncated": "n = math.trunc(v)", "divisor": "n = math.gcd(v, 2)", "chosen": "n = math.comb(3, v)",
    "spread": "z = (lambda *a: 1)(*v)", "path": "s = os.fspath(v)",
    "size": "n = sys.getsizeof(v)",
}  # fmt: skip

_MODULES = {"heapq", "io", "itertools", "math", "operator", "os", "sys"}

_KNOWN = """
def {name}(x):
    v = Log(x)
{body}
    return v.count * x
"""
_UNKNOWN = """
def {name}_unknown(x, make=Log):
    v = [make(x)][0]
{body}
    return v.count * x
"""
_INSIDE = """
def {name}_inside(x):
    vs = [Log(x), Log(x)]
    def inner(v):
{inner}
    inner(vs[1])
    return vs[1].count * x
"""


def module_text() -> str:
    """The class and all functions, as the text of a module."""
    source = Path(__file__).read_text(encoding="utf-8")
    text = source[source.index("class Log:") : source.index("def _counting")].rstrip() + "\n\n"
    for number, (method, answer) in enumerate(_ANSWERS.items()):
        text += "".join(_counting(method, 11 + 2 * number, answer).values()) + "\n"
    text = "".join(f"import {m}\n" for m in sorted(_MODULES)) + "\n\n" + text
    for name, statement in {**DIFFERENTIATED, **WATCHED}.items():
        body, inner = textwrap.indent(statement, "    "), textwrap.indent(statement, "        ")
        for form in (_KNOWN, _UNKNOWN, _INSIDE):
            text += form.format(name=name, body=body, inner=inner)
    return text
