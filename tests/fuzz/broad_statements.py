"""Productions that go through the breadth of pure Python: each makes one number by a construct, and names nothing else.

The text of a construct has `{x}`, `{y}`, `{z}` for random numbers, `{b}` for a bounded one, `{c}` for a condition,
`{n}` for an int, `{t}` for the target; a `$` ends a line.
"""

# ruff: noqa: E501  (a construct is one string, however long)

from __future__ import annotations

from .statements import Body, statement

PRELUDE: dict[str, str] = {
    "useroperators": """class V2:
    __array_ufunc__ = None  # so that a NumPy number leaves its operators to this class

    def __init__(self, a, b=0.5):
        self.a, self.b = a, b

    def __add__(self, other):
        if isinstance(other, V2):
            return V2(self.a + other.a, self.b + other.b)
        return V2(self.a + other, self.b)

    __radd__ = __add__

    def __sub__(self, other):
        return V2(self.a - other.a, self.b - other.b)

    def __mul__(self, k):
        return V2(self.a * k, self.b * k)

    def __rmul__(self, k):
        return V2(k * self.a, self.b)

    def __truediv__(self, k):
        return V2(self.a / (1.5 + k * k), self.b)

    def __matmul__(self, other):
        return self.a * other.b - self.b * other.a

    def __pow__(self, n):
        return V2(self.a ** n, self.b)

    def __neg__(self):
        return V2(-self.a, self.b)

    def __abs__(self):
        return (1.0 + self.a * self.a + self.b * self.b) ** 0.5

    def __getitem__(self, k):
        return self.b if k else self.a

    def __len__(self):
        return 2

    def __iter__(self):
        return iter((self.a, self.b))

    def __call__(self, x):
        return self.a * x + self.b

    def __lt__(self, other):
        return self.a < other.a

    def __bool__(self):
        return bool(self.a > 0.0)

    @property
    def norm(self):
        return self.a * self.a + self.b * self.b

    @classmethod
    def diagonal(cls, a):
        return cls(a, a)

    @staticmethod
    def mixed(a, b):
        return a * b + a
""",
    "inheritance": """class Shape:
    rate = 0.75

    def __init__(self, size):
        self.size = size

    def area(self):
        return self.size * self.size

    def total(self, x):
        return self.area() + x * self.rate


class Ring(Shape):
    rate = 1.25

    def __init__(self, size, hole):
        super().__init__(size * 0.5)
        self.hole = hole

    def area(self):
        return super().area() - self.hole * self.size
""",
    "varargs": """def spread(first, *rest, scale=1.0, **named):
    total = first * scale
    for k, r in enumerate(rest):
        total = total + r / (k + 2)
    for key in named:
        total = total * 0.5 + named[key]
    return total


def forwarded(*args, **kwargs):
    return spread(*args, **kwargs) * 0.5
""",
    "makers": """def adder(a, b=0.5):
    def add(w):
        return w * b + a

    return add


def counter(a):
    total = a

    def step(w):
        nonlocal total
        total = total * 0.5 + w
        return total

    return step


def composed(*fs):
    def run(w):
        for fn in fs:
            w = fn(w)
        return w

    return run
""",
    "decorators": """def scaled(factor):
    def wrap(fn):
        @functools.wraps(fn)
        def inner(*args):
            return factor * fn(*args)

        return inner

    return wrap


@scaled(0.7)
def damped(x, y):
    return x * math.sin(y)
""",
    "raising": """class Trouble(Exception):
    pass


def checked(x, limit):
    if x > limit:
        raise Trouble('too large')
    return x * x
""",
    "generators": """def halves(x, n):
    for k in range(n):
        yield x
        x = x * 0.5 + k
""",
}

CONSTRUCTS: dict[str, list[str]] = {
    "useroperators": [
        "{t} = (V2({x}, {y}) + V2({z}) * {x}).norm",
        "{t} = V2({x}, {y}) @ (V2({z}, {x}) - V2.diagonal({y}))",
        "{t} = abs(-V2({x}, {y}) / {z})",
        "v_ = V2({x})${t} = v_[0] * {y} + v_[1] + v_({z})",
        "{t} = ({x} * V2({y}, {z}) + 1.0).a",
        "v_ = V2({x}, {y})$p_, q_ = v_${t} = p_ * q_ + V2.mixed({z}, p_)",
        "{t} = sum(v_ * v_ for v_ in V2({x}, {y}))",
        "{t} = {x} if V2({x}, {y}) < V2({z}) else {y}",
        "{t} = {x} * {y} if V2({z}) else {b}",
        "v_ = V2({x}, {y})$v_ += V2({z}, {x})$v_ *= {y}${t} = v_.norm * 0.1",
        "{t} = sum([V2({x}, {y}), V2({z})], V2(0.0)).norm",
        "{t} = max(V2({x}), V2({y}, {z}), key=lambda v: v.a).a",
        "{t} = (V2({x}, {y}) ** 2).norm * 0.1",
    ],
    "inheritance": [
        "{t} = Ring({x}, {y}).total({z})",
        "shape_ = Shape({x}) if {c} else Ring({y}, {z})${t} = shape_.total({x})",
        "{t} = Shape.area(Ring({x}, {y})) + Ring.rate * {z}",
        "{t} = sum(s_.area() for s_ in [Shape({x}), Ring({y}, {z})])",
        "area_ = Ring({x}, {y}).area${t} = area_() * {z}",
    ],
    "varargs": [
        "{t} = spread({x}, {y}, {z})",
        "{t} = spread({x}, {y}, scale={z})",
        "{t} = spread({x}, u={y}, v={z})",
        "{t} = spread(*[{x}, {y}], **{{'scale': {z}}})",
        "{t} = forwarded({x}, *({y}, {z}), scale={b}, w={x})",
        "opts_ = {{'scale': {x}, 'w': {y}}}${t} = spread({z}, **opts_)",
        "{t} = forwarded(*({x}, {y}))",
        "{t} = (lambda *ws: ws[0] * ws[-1] + len(ws))({x}, {y}, {z})",
        "{t} = (lambda w, **kw: w * kw['k'])({x}, k={y})",
    ],
    "makers": [
        "{t} = adder({x}, {y})({z})",
        "add_ = adder({x})${t} = add_({y}) + add_({z})",
        "{t} = composed(adder({x}), math.sin, adder({y}, {z}))({x})",
        "fns_ = [adder({x}), math.tanh, lambda w: w * w * 0.5]${t} = {y}$for fn_ in fns_:$    {t} = fn_({t})",
        "table_of = {{'up': adder({x}), 'on': math.cos}}${t} = table_of['up' if {c} else 'on']({y})",
        "{t} = sum(map(adder({x}), [{y}, {z}]))",
        "{t} = functools.reduce(lambda p, q: p * 0.5 + q, [{x}, {y}, {z}])",
        "{t} = functools.reduce(lambda p, q: p * q, [{x}, {y}], {z})",
        "half_ = functools.partial(adder({x}), {y})${t} = half_()",
        "{t} = functools.partial(adder, b={y})({x})({z})",
        "{t} = (lambda w: lambda v: w * v)({x})({y})",
    ],
    "nonlocals": ["step_ = counter({x})${t} = step_({y}) + step_({z})"],
    "decorators": ["{t} = damped({x}, {y})", "{t} = sum(map(damped, [{x}, {y}], [{z}, {x}]))"],
    "raising": [
        "try:$    {t} = checked({x}, {y})$except Trouble:$    {t} = {z}",
        "try:$    {t} = checked({b}, 0.3) + checked({b}, 0.1)$except (Trouble, ValueError) as error:$    {t} = {z} * len(str(error))",
        "{t} = {x}$try:$    if {c}:$        raise Trouble('no')$    {t} = {y}$except Trouble:$    {t} = {t} * 0.5$else:$    {t} = {t} + {z}",
        "{t} = {x}$try:$    {t} = {y}$finally:$    {t} = {t} * 0.5 + {z}",
        "{t} = {x}$with contextlib.suppress(Trouble):$    {t} = checked({b}, 0.2) + {y}",
        "{t} = {x}$for i_ in range(3):$    try:$        if i_ == 1:$            continue$        {t} = {t} * 0.5 + {y}$    finally:$        {t} = {t} + 0.25 * {z}",
    ],
    "generators": [
        "{t} = sum(halves({x}, {n}))",
        "{t} = {x}$for half_ in halves({y}, {n}):$    {t} = {t} * 0.5 + half_",
        "{t} = sum([h_ * {x} for h_ in halves({y}, {n})])",
        "{t} = max(h_ * h_ for h_ in [{x}, {y}, {z}])",
    ],
    "comprehensions": [
        "{t} = sum([p_ * q_ for p_ in [{x}, {y}] for q_ in [{z}, {x}]])",
        "{t} = sum([p_ * {x} for p_ in [{y}, {z}, {x}] if p_ > {b}])",
        "squares_ = {{k_: v_ * v_ for k_, v_ in {{'a': {x}, 'b': {y}}}.items()}}${t} = squares_['a'] + squares_['b'] * {z}",
        "grid_ = [[p_ + k_ for k_ in range({n})] for p_ in [{x}, {y}]]${t} = sum(sum(row_) for row_ in grid_)",
        "fs_ = [lambda w, k_=k_: w * k_ + {x} for k_ in range(1, 3)]${t} = fs_[0]({y}) + fs_[-1]({z})",
        "{t} = sum(p_ * q_ for p_, q_ in zip([{x}, {y}], ({z}, {x})))",
        "{t} = [r_ for p_ in [{x}, {y}] for r_ in (p_ * p_, {z})][{i}]",
        "{t} = sum(i_ * p_ for i_, p_ in enumerate([{x}, {y}, {z}], 1))",
        "pairs_ = [({x}, {y}), ({z}, {x})]${t} = sum(p_ / (1.5 + q_ * q_) for p_, q_ in pairs_)",
        "{t} = sum([(w_ := p_ * {x}) + w_ * w_ for p_ in [{y}, {z}]])",
    ],
    "sequences": [
        "{t} = sorted([{x}, {y}, {z}])[{i}]",
        "{t} = sorted([{x}, {y}, {z}], key=lambda w: -w)[0]",
        "{t} = min([{x}, {y}, {z}], key=math.cos) + max({x}, {y}, {z})",
        "parts_ = [{x}, {y}, {z}]${t} = sum(parts_[1:]) * sum(parts_[::-1][:2])",
        "{t} = sum(({x}, {y}) + ({z},))",
        "{t} = sum([{x}] * 3 + [{y}, {z}])",
        "{t} = sum(list(filter(lambda w: w > 0.1, [{x}, {y}, {z}])))",
        "{t} = sum(map(lambda p, q: p * q, [{x}, {y}], [{z}, {x}]))",
        "{t} = list(reversed([{x}, {y}, {z}]))[0] + tuple([{x}, {y}])[-1]",
        "{t} = list(zip([{x}, {y}], [{z}, {x}]))[0][1]",
        "{t} = dict(a={x}, b={y})['a'] * {z}",
        "{t} = {{**{{'a': {x}, 'b': {y}}}, 'b': {z}}}['b'] + ({{'a': {x}}} | {{'c': {y}}})['c']",
        "{t} = [*[{x}, {y}], {z}][{i}] + (*({x},), {y})[1]",
        "first_, (second_, *others_), last_ = {x}, [{y}, {z}, {x}], {z}${t} = first_ * second_ + others_[0] * last_",
        "*init_, end_ = [{x}, {y}, {z}]${t} = init_[0] * end_ + init_[1]",
        "{t} = dict(zip(['a', 'b'], [{x}, {y}]))['b']",
        "{t} = math.prod([{x}, {y}, {z}])",
        "{t} = math.fsum([{x}, {y}]) + math.hypot({z}, 1.5)",
        "{t} = (abs({x}) if {c} else divmod({y}, 1.75)[1])",
        "{t} = float({x}) * 1.5 + {y}",
        "{t} = {x} if isinstance({y}, float) else {z}",
        "{t} = list({{'a': {x}, 'b': {y}}}.values())[{i} % 2] * {z}",
        "{t} = next(iter([{x}, {y}])) + {z}",
        "{t} = [{x}, {y}, {z}].index({y}) * {x} + len([{x}, {y}])",
        "{t} = {x} * (({y}, {z}).count({y})) + ([{x}] + [{y}]).copy()[1]",
    ],
    "matching": [
        "match {n}:$    case 1:$        {t} = {x}$    case 2 | 3:$        {t} = {y}$    case _:$        {t} = {z}",
        "match [{x}, {y}, {z}]:$    case [p_, *q_] if p_ > 0.2:$        {t} = p_ * q_[0]$    case [*_, r_]:$        {t} = r_",
        "match {{'k': {x}, 'w': {y}}}:$    case {{'k': p_, **q_}}:$        {t} = p_ * q_['w']",
        "match ({x}, ({y}, {z})):$    case (p_, (q_, r_) as s_):$        {t} = p_ * q_ + r_ * s_[0]",
    ],
    "flow": [
        "{t} = {x}$while True:$    {t} = {t} * 0.5 + 0.25 * math.sin({y})$    if {t} < 1.0 or {t} != {t}:$        break",
        "{t} = {x}$for i_ in range(3):$    for j_ in range(3):$        if j_ > i_:$            break$        {t} = math.sin({t} + {y} * j_)$    else:$        {t} = {t} + {z}$        continue$    {t} = {t} * 0.9",
        "{t} = 0.0$for p_, (q_, r_) in zip([{x}, {y}], [({z}, {x}), ({y}, {z})]):$    {t} += p_ * q_ - r_",
        "def inner_(k, w):$    return w if k <= 0 else inner_(k - 1, math.sin(w * {x})) + w${t} = inner_({n}, {y})",
        "def inner_(w):$    if w > 0.3:$        return w * {x}$    for k_ in range(3):$        w = w + 0.2 * {y}$        if w > 1.0:$            return w$    return w * w${t} = inner_({z})",
        "if (m_ := {x}) > 0.2 and (l_ := {y}) < 1.0:$    {t} = m_ * l_$else:$    {t} = m_ * {z}",
        "{t} = ({x} if {c} else {y}) if {c} else {z}",
        "{t} = {x} or {y}",
        "{t} = {x} if {c} and {c} or not {c} else {y}",
        "label_ = 'p' if {c} else 'q'${t} = {{'p': {x}, 'q': {y}}}[label_]$del label_",
        "k_ = 0$while (k_ := k_ + 1) < 4:$    if k_ == 2:$        continue$    p_ = {x} * k_$else:$    p_ = p_ + {y}${t} = p_",
        "p_ = q_ = {x}$p_ += {y}$q_ *= {z}${t} = p_ - q_",
        "{t} = {x}$for {t} in [{y}, {z}]:$    {t} = {t} * {x}",
        "{t} = {x}; {t} -= {y} * {t}; {t} /= 1.5 + {t} ** 2",
    ],
}


def _production(feature: str) -> None:
    @statement(feature, 2.0)
    def construct(b: Body) -> bool | None:
        text = b.rng.choice(CONSTRUCTS[feature])
        target = b.target("num")
        if target is None or b.depth > 5 or (b.loops and b.weight > 12):
            return False
        b.in_iterable = True  # no walrus where it might be in one
        parts = {
            "t": target,
            "x": b.bounded(1) if b.loops else b.expr(1),
            "y": b.expr(1),
            "z": b.atom(),
            "b": b.bounded(1),
            "c": b.cond(0),
            "n": str(b.rng.randint(1, 3)),
            "i": str(b.rng.randint(-2, 1)),
        }
        b.in_iterable = False
        for line in text.split("$"):
            b.emit(line.format(**parts))
        if b.loops:
            b.emit(f"{target} = math.tanh({target})")
        b.assign(target, "num")
        return None


for _feature in CONSTRUCTS:
    _production(_feature)
