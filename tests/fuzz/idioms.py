"""Productions of idioms that change values in place: swaps, overlaps, nested lists, accumulators, whole algorithms.

The text of an idiom is that of a construct in `broad_statements`, with an existing array of three `{a}` or `{a2}`, a
matrix of two by three `{m}`, a list of numbers `{xs}`, a dict `{d}`.
"""

# ruff: noqa: E501  (an idiom is one string, however long)

from __future__ import annotations

from .array_expressions import place
from .statements import Body, statement

PRELUDE: dict[str, str] = {
    "accumulators": """class Meter:
    def __init__(self, start=0.0):
        self.total = start
        self.seen = []

    def __call__(self, v):
        self.total = self.total * 0.5 + v
        self.seen.append(v)
        return self.total

    def __iadd__(self, v):
        self.total += v
        return self

    def __setitem__(self, k, v):
        self.seen[k] = v

    def __getitem__(self, k):
        return self.seen[k]

    @property
    def scaled(self):
        return self.total * 0.5

    @scaled.setter
    def scaled(self, v):
        self.total = v * 2.0

    def __enter__(self):
        self.total += 0.25
        return self

    def __exit__(self, *reason):
        self.total *= 0.5
        return False


class Slotted:
    __slots__ = ("p", "q")

    def __init__(self, p, q):
        self.p = p
        self.q = q


class Chained(Meter):
    def __init__(self, start):
        super().__init__(start * 0.5)
        self.total = self.total + 0.25

    def add(self, v):
        self.total += v
        return self
""",
    "algorithms": """def prefix_sums(a):
    for i in range(1, len(a)):
        a[i] += a[i - 1]
    return a


def bubble(a):
    for i in range(len(a)):
        for j in range(len(a) - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return a


def relax(grid, w):
    for _ in range(2):
        for i in range(1, len(grid) - 1):
            grid[i] = (1.0 - w) * grid[i] + w * 0.5 * (grid[i - 1] + grid[i + 1])
    return grid


def euler(state, rate, steps):
    position, velocity = state[:1], state[1:]
    for _ in range(steps):
        velocity -= 0.1 * rate * position
        position += 0.1 * velocity[:1]
    return state


def horner(coefficients, x):
    total = 0.0
    work = list(coefficients)
    while work:
        total = total * x + work.pop()
    return total


def eliminate(m, b):
    for i in range(len(b)):
        for j in range(i + 1, len(b)):
            factor = m[j, i] / (2.5 + m[i, i] ** 2)
            m[j] -= factor * m[i]
            b[j] -= factor * b[i]
    return b


def fibonacci_like(x, y, n):
    memo = {0: x, 1: y}

    def at(k):
        if k not in memo:
            memo[k] = math.sin(at(k - 1) + 0.5 * at(k - 2))
        return memo[k]

    return at(n)


def evaluate(tokens, x):
    stack = []
    for token in tokens:
        if token == '+':
            stack.append(stack.pop() + stack.pop())
        elif token == '*':
            stack.append(stack.pop() * stack.pop())
        elif token == 's':
            stack[-1] = math.sin(stack[-1])
        elif token == 'd':
            stack.append(stack[-1])
        else:
            stack.append(x * token)
    return stack[0] + len(stack)


class Link:
    def __init__(self, value, rest=None):
        self.value = value
        self.rest = rest


def chain(values):
    head = None
    for v in values:
        head = Link(v, head)
    node = head
    while node.rest is not None:
        node.value = node.value * 0.5 + node.rest.value
        node = node.rest
    return head


def total_of(node):
    return 0.0 if node is None else node.value + 0.5 * total_of(node.rest)


class Tree:
    def __init__(self, key):
        self.key, self.left, self.right, self.count = key, None, None, 1.0

    def insert(self, key):
        self.count += key * 0.1
        if key < self.key:
            if self.left is None:
                self.left = Tree(key)
            else:
                self.left.insert(key)
        elif self.right is None:
            self.right = Tree(key)
        else:
            self.right.insert(key)

    def walk(self):
        found = [] if self.left is None else self.left.walk()
        found.append(self.key * self.count)
        if self.right is not None:
            found += self.right.walk()
        return found


def adam(w, g, state):
    state['m'] = 0.9 * state['m'] + 0.1 * g
    state['v'] = 0.9 * state['v'] + 0.1 * g * g
    w -= 0.5 * state['m'] / np.sqrt(1.0 + state['v'])
    return w
""",
}

IDIOMS: dict[str, list[str]] = {
    "swaps": [
        "{a}[0], {a}[2] = {a}[2], {a}[0]",
        "{a}[0], {t} = {x}, {a}[0]",
        "{a}[[0, 1]] = {a}[[1, 0]]",
        "{m}[0], {m}[1] = {m}[1].copy(), {m}[0].copy()",
        "{m}[0], {m}[1] = {m}[1], {m}[0]",
        "{m}[[0, 1]] = {m}[[1, 0]]",
        "{xs}[0], {xs}[1] = {xs}[1], {xs}[0]",
        "{xs}[0], {xs}[-1], {t} = {y}, {xs}[0], {xs}[-1]",
        "{a}[0] = {a}[1] = {b}",
        "{a}[0] = {xs}[0] = {t} = {b}",
        "({a}[0], {a2}[1]), {t} = ({x}, {y}), {a}[2]",
        "{a}[:2], {t} = ({x}, {y}), {z}",
        "for {a}[1] in [{x}, {y}]:$    {a2}[0] += {a}[1] * 0.5",
        "for i_, {xs}[0] in enumerate([{x}, {y}]):$    {xs}[1] = {xs}[0] * {z}",
        "*{a}[0:2], {t} = {x}, {y}, {z}",
    ],
    "overlaps": [
        "{a}[1:] = {a}[:-1]",
        "{a}[1:] += {a}[:-1]",
        "{a}[:-1] *= {a}[1:]",
        "{a}[:] = {a}[::-1]",
        "{a}[::-1] += {a}",
        "{a} -= {a}",
        "{a} *= {a}",
        "{m} += {m}[0]",
        "{m} *= {m}[:, :1]",
        "{m}.T[1] = {b}",
        "{m}[:, 0], {m}[:, 1] = {m}[:, 1], {m}[:, 0]",
        "v_ = {a}[1:]$w_ = v_[::-1]$w_[0] = {b}${a}[0] += v_[0]",
        "v_ = {m}.reshape(-1)$v_[1:3] = {b}${t} = v_.sum() + {m}[0, 1]",
        "v_ = {m}.T.reshape(-1)$v_[1:3] = {b}${t} = v_.sum() + {m}[0, 1]",
        "v_ = {m}[0]${m}[0, 1] = {b}${t} = v_[1] * {y}$v_[1] *= 2.0",
        "v_ = {a}$v_ = v_ * {b}$v_[0] = {y}${t} = {a}[0] * v_[0]",
        "v_ = {a}$v_ *= {b}${t} = {a}[0] * v_[0]",
        "k_ = {a}[[0, 2]]$k_[0] = {b}${t} = k_.sum() + {a}[0]",
        "v_ = np.asarray({a})$v_[1] = {b}",
        "v_ = np.array({a})$v_[1] = {b}${t} = v_ @ {a}",
        "np.add({a}[1:], {a}[:-1], out={a}[1:])",
        "np.multiply({a}, {a2}, out={a})",
        "{t} = np.sum(np.sin({a}, out={a}) * {a2})",
        "{a}[{a} > {z}] = {b}",
        "{a}[{a} < 0.5] *= {b}",
        "{a}.flat[1] = {b}",
        "np.fill_diagonal({m}[:, :2], {b})",
        "np.put({a}, [0, 2], {b})",
        "np.subtract.at({a}, [0, 0, 2], {b})",
        "np.add.at({m}, ([0, 1], [2, 2]), {b})",
        "np.add.at({m}, 0, {b})",
    ],
    "nestedlists": [
        "grid_ = [[{x}] * 2 for _ in range(2)]$grid_[0][1] = {y}$grid_[1][0] += grid_[0][1] * {z}${t} = sum(sum(row_) for row_ in grid_)",
        "row_ = [{x}, {y}]$grid_ = [row_] * 2$grid_[0][1] = {z}${t} = grid_[1][1] * row_[0] + grid_[1][0]",
        "groups_ = {{'u': [{x}], 'v': []}}$for p_ in [{y}, {z}]:$    groups_['u' if p_ > 0.3 else 'v'].append(p_ * {x})${t} = sum(groups_['u']) - sum(groups_['v'])",
        "pairs_ = [[{x}, {y}], [{z}, 0.5]]$for pair_ in pairs_:$    pair_[0], pair_[1] = pair_[1], pair_[0] * {b}${t} = pairs_[0][1] + pairs_[1][0]",
        "rows_ = {{}}$for i_ in range(3):$    rows_[i_] = {x} * i_ + (rows_[i_ - 1] if i_ else {y})${t} = rows_[2]",
        "held_ = ([{x}, {y}], {z})$held_[0].append(held_[1])$held_[0][0] *= {y}${t} = sum(held_[0])",
        "outer_ = [{xs}, {xs}]$outer_[0][0] = {b}${t} = outer_[1][0] * {xs}[0]",
        "parts_ = [{xs}[:], {xs}]$parts_[0][0] = {b}${t} = parts_[1][0] * {xs}[0] + parts_[0][0]",
        "counts_ = {{}}$for p_ in [{x}, {y}, {z}]:$    key_ = 'hi' if p_ > 0.2 else 'lo'$    counts_[key_] = counts_.get(key_, 0.0) + p_${t} = sum(counts_.values())",
        "for k_ in sorted({d}):$    {d}[k_] = {d}[k_] * {b}${t} = {d}['p']",
        "{xs}[::2] = [v_ * 0.5 for v_ in {xs}[::2]]",
        "{xs}[0:1] = [{x}, {y}] if len({xs}) < 7 else [{x}]",
        "{xs}[1:] = {xs}[:-1]",
        "{xs}.append({xs}.pop() * {b})",
        "{xs}[0] += sum({xs})",
        "{t} = sum([{xs}.pop() if len({xs}) > 2 else {xs}[0] for _ in range(2)])",
        "{d}['p'] += sum({d}.values())",
        "{d}['p'] = {d}.pop('q') * {b}${d}['q'] = {x}",
        "{d} |= {{'q': {b}}}",
        "stack_ = [{x}, {y}]$while stack_:$    p_ = stack_.pop()$    {t} = p_ * 0.5$    if len(stack_) < 1 and p_ > 0.4:$        stack_.append(p_ * 0.5)",
        "acc_ = []$for p_ in {xs}:$    acc_.append(p_ + (acc_[-1] if acc_ else {x}))${t} = acc_[-1]",
        "vs_ = [{a}, {a}]$vs_[0] = vs_[0] * 2.0$vs_[1][0] = {b}${t} = vs_[0][0] + vs_[1][0] + {a}[0]",
        "vs_ = [{a}]$vs_[0] += {b}${t} = vs_[0].sum() + {a}[0]",
        "dd_ = {{'a': {a}}}$dd_['a'] *= {b}$dd_['b'] = dd_['a'][1:]$dd_['b'][0] = {y}${t} = {a}.sum()",
        "vs_ = [v_ * {x} for v_ in {m}]$vs_[0][0] = {b}${t} = vs_[0].sum() + {m}[0, 0]",
        "vs_ = [v_ for v_ in {m}]$vs_[0][0] = {b}${t} = vs_[0].sum() + {m}[0, 0]",
        "u_, v_ = {m}$u_[0] = {b}$v_ += u_${t} = {m}.sum()",
        "vs_ = list({m})$vs_.append({a})$vs_[-1][0] = {b}$vs_[0] *= {y}${t} = {m}.sum() + {a}.sum()",
    ],
    "accumulators": [
        "acc_ = []$def push_(v):$    acc_.append(v * {y})$    return len(acc_)$push_({x})$push_({z})${t} = sum(acc_)",
        "box_ = [{x}]$def bump_(v):$    box_[0] += v$    return box_[0]${t} = bump_({y}) * bump_({z})",
        "box_ = {{'v': {x}}}$bump_ = lambda v: box_.update(v=box_['v'] * v)$bump_({y})${t} = box_['v']",
        "def touch_(v):$    {a}[0] = v * {a}[1]$touch_({x})${t} = {a}[0]",
        "meter_ = Meter({x})${t} = meter_({y}) + meter_({z}) * meter_.total + meter_.seen[0]",
        "meter_ = Meter()$meter_ += {x}$meter_ += {y}${t} = meter_.total * {z}",
        "meter_ = Meter()$meter_({x})$meter_[0] = {y}${t} = meter_[0] + meter_.total",
        "meter_ = Meter({x})$meter_[0:0] = [{y}]$meter_[0] *= {z}${t} = meter_.seen[0]",
        "meter_ = Meter({x})$meter_.scaled = {y}${t} = meter_.total$meter_.scaled += {z}${t} += meter_.total",
        "with Meter({x}) as meter_:$    meter_({y})${t} = meter_.total",
        "{t} = sum(map(Meter({x}), [{y}, {z}]))",
        "meters_ = [Meter({x}), Meter({y})]$meters_[0].seen = meters_[1].seen$meters_[0]({z})${t} = meters_[1].seen[0] + meters_[0].total",
        "meter_ = other_meter = Meter({x})$meter_({y})${t} = other_meter.total",
        "slot_ = Slotted({x}, [{y}])$slot_.p += {z}$slot_.q.append(slot_.p)${t} = sum(slot_.q)",
        "slot_ = Slotted({x}, {y})$setattr(slot_, 'p', {z})${t} = slot_.p * getattr(slot_, 'q')",
        "{t} = Chained({x}).add({y}).add({z}).total",
        "link_ = Chained({x})$link_.add(link_.total).add({y})${t} = link_({z})",
        "meter_ = Meter({x})$add_ = meter_.__call__$add_({y})${t} = meter_.total",
        "meter_ = Meter({x})$seen_ = meter_.seen$meter_({y})$meter_.seen = []$meter_({z})${t} = seen_[0] * meter_.seen[0]",
        "meter_ = Meter({x})$for p_ in [{y}, {z}]:$    if meter_(p_) > 0.4:$        break$    meter_ = Meter(meter_.total)${t} = meter_.total",
        "class Local_:$    total = 0.5$    def hit(self, v):$        self.total = self.total + v$        return self$local_ = Local_().hit({x}).hit({y})${t} = local_.total",
    ],
    "attempts": [
        "acc_ = {x}$def bump_(v):$    nonlocal acc_$    acc_ = acc_ * 0.5 + v$    return acc_ * 0.25$bump_({y})$p_ = bump_({z}) + acc_${t} = bump_({b}) * p_",
        "best_ = {x}$def see_(v):$    nonlocal best_$    if v > best_:$        best_ = v * {y}$for p_ in [{z}, {b}]:$    see_(p_)${t} = best_",
        "k_ = {x}$f_ = lambda v: v * k_$p_ = f_({y})$k_ = k_ + {z}${t} = p_ + f_({b})",
        "fs_ = []$for p_ in [{x}, {y}]:$    q_ = p_ * 0.5$    fs_.append(lambda v: v * q_ + p_)${t} = fs_[0]({z}) + fs_[1]({b})",
        "out_ = []$for p_ in [{x}, {y}, {z}]:$    try:$        out_.append(math.sqrt(p_ + 0.0625))$        out_.append({b})$    except ValueError:$        out_.append(p_ * 0.5)${t} = sum(out_)",
        "acc_ = {x}$left_ = [{y}, {z}]$try:$    while True:$        acc_ = acc_ * 0.5 + left_.pop()$except IndexError:$    acc_ += {b}${t} = acc_",
        "d_ = {{'u': {x}}}$for k_, p_ in [('u', {y}), ('w', {z})]:$    try:$        d_[k_] = d_[k_] * p_$    except KeyError:$        d_[k_] = p_$    else:$        d_['u'] += 0.25$    finally:$        d_['n'] = {b}${t} = sum(d_.values())",
        "acc_ = {x}$try:$    for i_, p_ in enumerate([{y}, {z}]):$        acc_ = acc_ * 0.5 + p_$        {a}[2 * i_] = acc_$        if p_ > 0.3:$            {a}[3] = p_$        acc_ += {b}$except IndexError:$    acc_ = acc_ * 0.5${t} = acc_ + {a}[0]",
        "acc_ = {x}$try:$    try:$        acc_ = acc_ + {y}$        {a}[0] = acc_$        {a}[7] = {z}$    finally:$        acc_ = acc_ * 0.5$except IndexError:$    {a}[1] = acc_ + {b}${t} = {a}[0] + {a}[1]",
        "meter_ = Meter({x})$def hit_(v):$    with meter_ as m_:$        if v > 0.3:$            return m_(v)$        m_.seen.append(v)$    return m_.total * 0.5$p_ = hit_({y}) + hit_({z})${t} = p_ + meter_.total",
        "meter_ = Meter({x})$if not meter_({y}) > 0.3:$    meter_.total += {z}$p_ = f'{{meter_({b})}}'${t} = meter_.total",
    ],
    "orders": [
        "def touch_(v):$    v[0] = v[0] * 2.0 + {x}$    return v[1]${t} = {a}[0] * touch_({a}) + {a}[0]",
        "def touch_(v):$    v[0] = v[0] * 0.5 + {x}$    return v[1]${a}[0] += touch_({a})",
        "def touch_(v):$    v[0] = v[0] * 0.5 + {x}$    return v${t} = (touch_({a}) * touch_({a}.copy())).sum()",
        "def touch_(v):$    v[0] = v[0] * 0.5 + {x}$    return 1${a}[touch_({a})] = {a}[0]",
        "def touch_(v):$    v.append({x})$    return v[0]$ys_here = [{y}, touch_({xs}), {xs}[-1]]${t} = sum(ys_here)$del {xs}[-1]",
        "def touch_(v):$    v['p'] = v['p'] * 0.5 + {x}$    return v['q']${t} = {d}['p'] + touch_({d}) * {d}['p']",
        "s_ = np.sin({a})${a}[0] = {b}${t} = (s_ * {a}).sum()",
        "s_ = {a} * {a2}${a}[0] = {b}$r_ = {a} * s_${a2}[1] = {y}${t} = r_.sum()",
        "s_ = {m} @ {a}${a}[0] = {b}${m}[0] *= 0.5${t} = s_[0] + ({m} @ {a}).sum()",
        "s_ = {a}.sum() * {a}[0]${a}[:] = {b}${t} = s_ + {a} @ {a}",
        "e_ = np.exp(-{a} ** 2)$e_ *= {a}$e_[0] = {y}${t} = e_.sum()",
        "e_ = np.tanh({a})$r_ = e_ * 2.0$e_[0] = {y}${t} = (r_ * e_).sum()",
        "q_ = {xs}[0] * {xs}[1]${xs}[0] = {b}${t} = q_ * {xs}[0]",
        "q_ = {d}['p'] * {d}['q']${d}['p'] = {b}${t} = q_ * {d}['p']",
        "w_ = {a} if {c} else {a2}$w_[0] = {b}${t} = {a}[0] + {a2}[0] * 0.5",
        "w_ = {a}$if {c}:$    w_ = w_ * 2.0$w_[1] = {b}${t} = {a}[1] + w_.sum()",
        "for i_ in range(3):$    if i_ == 1:$        continue$    {a}[i_] = {a}[i_ - 1] * {b}$    if {a}[0] > 0.9:$        break",
        "w_ = [{a}, {a2}]$for i_ in range(3):$    w_[i_ % 2][i_] += w_[(i_ + 1) % 2][i_] * {b}",
        "u_, v_ = {a}, {a2}$for i_ in range(2):$    u_[i_] = v_[i_ + 1] * {b}$    u_, v_ = v_, u_${t} = u_[0] + v_[1]",
        "try:$    {a}[0] = {b}$    {a}[1] = math.sqrt({y})$    {a}[2] = {z}$except ValueError:$    {a}[0] *= 0.5",
        "k_ = 0$while {a}[0] < 1.0 and k_ < 3:$    {a}[0] += 0.3 + {b} * 0.1$    k_ += 1",
        "pure_ = lambda v: (v * v).sum()${t} = pure_({a})${a}[0] = {b}${t} = {t} * 0.5 + pure_({a})",
    ],
    "algorithms": [
        "{t} = prefix_sums({a})[-1] + {a}[0]",
        "{t} = prefix_sums([{x}, {y}, {z}])[-1]",
        "{t} = bubble({a})[0] * {z}",
        "{t} = bubble([{x}, {y}, {z}])[1]",
        "relax({a}, {b})",
        "{t} = sum(relax([{x}, {y}, {z}, {b}], 0.3))",
        "euler({a}, {b}, {n})",
        "{t} = horner([{x}, {y}, {z}], {b})",
        "{t} = horner({xs}, {b})",
        "{t} = eliminate({m}, np.array([{x}, {b}]))[-1]",
        "{t} = fibonacci_like({x}, {y}, {n} + 1)",
        "{t} = evaluate([{n}, 'd', '*', 0.5, '+', 's'], {x})",
        "{t} = total_of(chain([{x}, {y}, {z}]))",
        "tree_ = Tree({x})$for p_ in [{y}, {z}, {b}]:$    tree_.insert(p_)${t} = sum(tree_.walk()) * 0.5",
        "state_ = {{'m': np.zeros(3), 'v': np.zeros(3)}}$for _ in range(2):$    adam({a}, {a} * {b}, state_)${t} = {a}.sum()",
    ],
}


def _production(feature: str) -> None:
    @statement(feature, 2.5)
    def idiom(b: Body) -> bool | None:
        text = b.rng.choice(IDIOMS[feature])
        target = b.target("num")
        if target is None or b.depth > 5 or (b.loops and b.weight > 12):
            return False
        wanted = {"a": ("arr", (3,)), "a2": ("arr", (3,)), "m": ("arr", (2, 3)), "xs": ("seq",), "d": ("map",)}
        parts: dict[str, str] = {}
        for hole, kind in wanted.items():
            if f"{{{hole}}}" in text:
                found = place(b, kind)
                if found is None:
                    return False
                parts[hole] = found
        for hole in ("a", "m", "d"):  # an operator on a name assigns it
            name = parts.get(hole, "")
            if f"{{{hole}}} " in text.replace(" = {", "") and name.isidentifier():
                if not b.assignable(name, wanted[hole]):
                    return False
                b.reserved.add(name)
                b.assign(name, wanted[hole])
        b.in_iterable = True
        parts |= {
            "t": target,
            "x": b.bounded(1) if b.loops else b.expr(1),
            "y": b.expr(1),
            "z": b.atom(),
            "b": b.bounded(1),
            "c": b.cond(0),
            "n": str(b.rng.randint(1, 3)),
        }
        b.in_iterable = False
        for line in text.split("$"):
            b.emit(line.format(**parts))
        if "{t}" in text:
            if b.loops:
                b.emit(f"{target} = math.tanh({target})")
            b.assign(target, "num")
        return None


for _feature in IDIOMS:
    _production(_feature)
