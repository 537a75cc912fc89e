"""Productions of lists and dicts that change: growth, removal, stores, sorting; and of objects: attributes, methods.

A list never has fewer than two items, nor many more than eight: what shortens or lengthens it asks first.
"""

from __future__ import annotations

from .array_expressions import MUTABLE, SHAPES, array, made, methods, new, place, place_like
from .compound_statements import guard
from .expressions import Signature
from .statements import Body, statement

SEQ, MAP = ("seq",), ("map",)


@statement("mutables", 1.5)
def name_collection(b: Body) -> bool | None:
    kinds = [SEQ, MAP]
    if b.on("containers") and b.on("arrays"):
        kinds.append(("arrs", b.rng.choice(SHAPES)))
    if b.world.classes:
        name = b.rng.choice(sorted(b.world.classes))
        kinds += [("obj", name)] * 2 + [("objs", name)] * b.on("containers")
    kind = b.rng.choice(kinds)
    value, target = made(b, kind, 1), b.target(kind)
    if target is None:
        return False
    b.emit(f"{target} = {value}")
    b.assign(target, kind)
    return None


@statement("seqs", 3)
def change_list(b: Body) -> bool | None:
    xs = place(b, SEQ)
    if xs is None:
        return False
    value, other = b.bounded(2), b.expr(1)
    few, many = f"if len({xs}) < 8:\n{{i}}    ", f"if len({xs}) > 2:\n{{i}}    "
    forms = [
        f"{few}{xs}.append({value})",
        f"{few}{xs}.insert({b.rng.choice(['0', '1', '-1'])}, {value})",
        f"{few}{xs}.extend([{value}, {other}])", f"{few}{xs}.extend({made(b, SEQ)})", f"{few}{xs}[1:1] = [{value}]",
        f"{many}{xs}.pop()", f"{many}{xs}.pop(0)", f"{many}del {xs}[{b.rng.choice(['0', '-1', '1'])}]",
        f"{many}{xs}[:] = {xs}[1:]", f"{xs}.reverse()", f"{xs}[0:2] = [{value}, {other}]", f"{xs}[:] = {new(b, SEQ)}",
        f"{xs}[{b.rng.choice(['0', '1', '-1'])}] = {value}", f"{xs}[{b.rng.choice(['0', '-1'])}] += {value}",
        f"{xs}[{b.integer()} % len({xs})] *= {value}", f"{xs}[0], {xs}[-1] = {xs}[-1], {value}",
    ]  # fmt: skip
    if b.on("sorts"):
        forms += [f"{xs}.sort()", f"{xs}.sort(key=lambda w: math.cos(w))", f"{xs}.sort(reverse=True)"]
    if "." in xs or b.assignable(xs, SEQ):
        forms.append(f"{few}{xs} += [{value}]")
        if "." not in xs:
            b.reserved.add(xs)
            b.assign(xs, SEQ)
    emit(b, b.rng.choice(forms))
    return None


def emit(b: Body, text: str) -> None:
    for line in text.replace("{i}", "").split("\n"):
        b.emit(line)


@statement("seqs", 1)
def each_item(b: Body) -> bool | None:
    """A loop over a list or a dict that may change on the way."""
    xs, table = place(b, SEQ), place(b, MAP)
    out = b.target("num")
    if out is None or (xs is None and table is None) or guard(b, 4):
        return False
    b.emit(f"{out} = {b.expr(1)}")
    b.assign(out, "num")
    value = b.bounded(1)
    if table is not None and (xs is None or b.chance(0.4)):
        forms = [
            f"for key_ in {table}:\n    {table}[key_] *= {value}",
            f"for key_ in list({table}):\n    {out} += {table}[key_] * 0.5\n    {table}[key_] = {value} - {out} * 0.1",
            f"for key_, item_ in {table}.items():\n    {table}[key_] = item_ * item_ * 0.5\n    {out} = {out} + item_",
            f"for item_ in {table}.values():\n    {out} = {out} * 0.5 + item_",
        ]
    else:
        grow = f"if len({xs}) < 7:\n        {xs}.append(math.sin(item_ + {value}))"
        forms = [
            f"for i_ in range(len({xs})):\n    {xs}[i_] = {xs}[i_] * {value} + {xs}[i_ - 1] * 0.5",
            f"for i_, item_ in enumerate({xs}):\n    {xs}[i_] = math.sin(item_) * {value}",
            f"for item_ in {xs}:\n    {grow}\n    {out} = {out} * 0.5 + item_",
            f"for item_ in list({xs}):\n    {grow}\n    {out} = {out} * 0.5 + item_",
            f"while len({xs}) > 2:\n    {out} = {out} * 0.5 + {xs}.pop()",
            f"for item_ in {xs}:\n    {xs}[-1] += math.sin(item_) * 0.3\n    {out} = {out} + item_ * {xs}[0]",
        ]
    emit(b, b.rng.choice(forms))
    return None


@statement("maps", 2)
def change_dict(b: Body) -> bool | None:
    table = place(b, MAP)
    if table is None:
        return False
    value, other, out = b.bounded(2), b.expr(1), b.target("num")
    forms = [
        f"{table}['p'] = {value}", f"{table}['q'] += {value}", f"{table}['r'] = {value}", f"{table}['p'] *= {value}",
        f"{table}.update(q={value})", f"{table}.update({{'p': {value}, 'r': {other}}})",
        f"{table}.update({new(b, MAP)})",
        f"{table}.setdefault('r', {value})", f"{table}.pop('r', None)",
        f"if 'r' in {table}:\n    del {table}['r']",
        f"{table}['p'], {table}['q'] = {table}['q'], {table}['p']",
    ]  # fmt: skip
    if out is not None and b.chance(0.3):
        forms = [f"{out} = {table}.pop('r', {value})", f"{out} = {table}.setdefault('r', {value})"]
        b.assign(out, "num")
    emit(b, b.rng.choice(forms))
    return None


@statement("containers", 2)
def change_container(b: Body) -> bool | None:
    """Lists of arrays and of objects."""
    found = place_like(b, b.rng.choice(["arrs", "objs"]))
    if found is None:
        return False
    text, (first, of) = found
    kind = ("arr" if first == "arrs" else "obj", of)
    item = made(b, kind, 1)
    forms = [
        f"if len({text}) < 6:\n    {text}.append({item})",
        f"if len({text}) < 6:\n    {text}.insert(0, {item})",
        f"if len({text}) > 2:\n    {text}.pop({b.rng.choice(['', '0'])})",
        f"{text}[0] = {item}",
        f"{text}[0], {text}[-1] = {text}[-1], {text}[0]",
        f"{text}.reverse()",
    ]
    if first == "arrs":
        forms += [f"{text}[-1] += {item}", f"{text}[0] *= {b.bounded(1)}"]
    name = b.target(kind)
    if name is not None and b.chance(0.3):
        forms = [f"{name} = {text}[{b.rng.choice(['0', '-1'])}]"]
        forms.append(f"{name} = {text}.pop() if len({text}) > 2 else {text}[0]")
        b.assign(name, kind)
    emit(b, b.rng.choice(forms))
    return None


@statement("attributes", 3)
def change_attribute(b: Body) -> bool | None:
    found = place_like(b, "obj")
    if found is None:
        return False
    text, (_, name) = found
    owner = b.world.classes[name]
    field, kind = b.rng.choice(list(owner.fields.items()))
    if kind == "num":
        forms = [f"= {b.bounded(2)}", f"+= {b.bounded(2)}", f"*= {b.bounded(1)}", f"-= {text}.{field} * {b.bounded(1)}"]
        b.emit(f"{text}.{field} {b.rng.choice(forms)}")
    elif kind[0] == "arr" and b.on("inplace") and b.chance(0.4):
        b.emit(f"{text}.{field} {b.rng.choice(['+=', '*=', '-='])} np.sin({array(b, kind[1], 1)})")
    else:
        value = made(b, kind, 1)
        if kind[0] == "arr":
            value = b.rng.choice([value, f"np.sin({value})"])
        b.emit(f"{text}.{field} = {value}")
    return None


@statement("effects", 2)
def call_for_effect(b: Body) -> bool | None:
    """A call whose result is dropped: what it changes is all that it does."""
    found = [(m, f"{text}.") for m, text in methods(b)] + [(s, "") for s in b.world.functions if mutating(s)]
    if not found:
        return False
    signature, prefix = b.rng.choice(found)
    call = b.call(signature, 1, prefix)
    kind, name = signature.returns, None
    if b.chance(0.6):
        name = b.target(kind)
    if name is None:
        b.emit(call)
    else:
        b.emit(f"{name} = {call}")
        b.assign(name, kind)
    return None


def mutating(signature: Signature) -> bool:
    """Whether a function takes something that it may change."""
    return any(isinstance(k, tuple) and k[0] in MUTABLE for _, k in signature.params)


@statement("containers", 0.8)
def each_object(b: Body) -> bool | None:
    """A loop over objects that changes them."""
    found = place_like(b, "objs")
    if found is None or guard(b, 3):
        return False
    text, (_, name) = found
    target = b.target(("obj", name))
    if target is None or text.startswith(target):
        return False
    with b.loop(3):
        b.emit(f"for {target} in {text}:")
        b.assign(target, ("obj", name))
        b.block(3)
    return None
