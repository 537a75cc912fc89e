"""The registry of diagnostics: every id that the library uses, what it means, a program that shows it, what to do.

    error[no-derivative]: ...       ->      python -m pullback explain no-derivative

`explain` prints an entry, `docs/errors.md` is generated from all of them, and the tests run every example.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of diagnostic: its stable id, a title, what it means, a program that triggers it, and the way out."""

    id: str
    title: str
    explanation: str
    example: str
    fix: str
    says: str = ""  # a part of the message that the example gives


def _kind(id: str, title: str, says: str, explanation: str, example: str, fix: str) -> Kind:
    return Kind(id, title, " ".join(explanation.split()), example.strip("\n") + "\n", " ".join(fix.split()), says)


_EVERY = (
    _kind(
        "unsupported-syntax", "The syntax has no derivative", "cannot be differentiated",
        """The accepted language is Python without `async`, without generators as the function to differentiate,
        and without jumps out of `finally`. Such a construct is refused where it stands, whatever values it works
        on.""",
        """
@pb.differentiable
def last(x):
    try:
        return x * x
    finally:
        return x
""",
        """Write it with the constructs that are accepted: set a variable and return after it, collect what a
        generator yields.""",
    ),
    _kind(
        "unsupported-construct", "A differentiated value enters a construct that is run as written",
        "a set of differentiated values",
        """Some constructs are accepted as long as nothing differentiated enters them: sets, class definitions,
        `except*`,
        scopes of derivatives, values used as context managers. A derivative that enters there would be lost.""",
        """
@pb.differentiable
def spread(x):
    return sum({x, x * x})
""",
        "Use a list or a tuple for a set; move the construct into a function with a registered derivative.",
    ),
    _kind(
        "no-derivative", "No derivative is known", "no derivative is known for",
        """A differentiated value is given to a function that has neither a registered derivative nor Python source:
        one of C, or of a library whose source is not read; or an attribute or item of a type without one. The
        derivative
        of the result would be silently zero.""",
        """
import struct


@pb.differentiable
def stored(x):
    return struct.unpack("d", struct.pack("d", x))[0] * x
""",
        """Register a derivative with @pb.derivative(of=...), or wrap the argument in pb.without_derivative if a zero
        derivative is meant.""",
    ),
    _kind(
        "no-source", "The source of a function cannot be read", "cannot read the source",
        """Derivatives are written from source text. A function that was typed into `python -c`, made by `exec`, or
        whose
        file has changed since it was imported has none.""",
        """
scope = {}
exec("def f(x):\\n    return x * x", scope)
pb.gradient(scope["f"])(2.0)
""",
        "Put the function into a file, reload its module, or register its derivative.",
    ),
    _kind(
        "non-differentiable-result", "A derivative ends at a result that is no differentiable number",
        "cannot differentiate through `int(...)`",
        """The result depends on the differentiated arguments only through a conversion to an int or to an array of
        ints, a rounding, `//`, a comparison, an index such as that of `argmax`, text, or a function of yours that
        ends so. Its derivative would be zero everywhere. Where the conversion gives ints or text this is an error;
        of the others it is a warning.""",
        """
@pb.differentiable
def stepped(x):
    return float(int(x)) * 2.0
""",
        "Compute with the value itself, or wrap the argument in pb.without_derivative if zero is meant.",
    ),
    _kind(
        "zero-derivative", "The result depends on no differentiated argument", "does not depend on `x`",
        """A warning: whatever the arguments are, the derivative is zero. It is given where no path leads from a
        differentiated argument to the result.""",
        """
@pb.differentiable
def constant(x):
    return 3.0
""",
        "Use the argument, leave it out of `wrt`, or say by pb.without_derivative(...) that a constant is meant.",
    ),
    _kind(
        "outer-write", "A differentiated value is stored outside the function", "which is not local to this function",
        """A value with a derivative is stored in a global variable, a `nonlocal` one of a function that has
        returned, or
        a container that is global. It would outlive the derivative, which could not follow it.""",
        """
TOTAL = 0.0


@pb.differentiable
def counted(x):
    global TOTAL
    TOTAL = x * x
    return x
""",
        "Return the value, or pass the container as an argument.",
    ),
    _kind(
        "capture-rebound", "A captured variable is assigned again", "is captured here and assigned again",
        """A generator, or a lambda in a comprehension, captures a differentiated variable that is assigned again
        later. Which value the function
        uses depends on when it is called.""",
        """
@pb.differentiable
def scaled(x):
    k = x
    every = (v * k for v in [1.0, 2.0])
    k = x * x
    return sum(every)
""",
        "Pass the variable as an argument, or bind the new value to another name.",
    ),
    _kind(
        "mutation", "A change in place is not differentiated", "np.put of a differentiated value",
        """A differentiated value is changed in place in a way that the derivative cannot follow: by a function that
        was
        not seen to change it, through memory that two dtypes share, in a cached property, inside a condition.""",
        """
def shuffled(a):
    np.put(a, [0], a[1], mode="wrap")
    return np.sum(a * a)


pb.gradient(shuffled)(np.ones(3))
""",
        "Build a new value instead, or write the change as an assignment such as `a[index] = value`.",
    ),
    _kind(
        "changed-value", "A value changed between the forward sweep and the pullback", "was changed between",
        """A pullback uses the arguments of its function, and a recomputed function runs again. What they read was
        changed
        in the meantime, so there is no right answer any more.""",
        """
a = np.ones(3)
value, back = pb.value_with_pullback(lambda a: np.sum(a * a))(a)
a[0] = 5.0
back(1.0)
""",
        "Call the pullback before changing the value, or pass a copy.",
    ),
    _kind(
        "no-derivative-field", "A field without derivative is returned", "which is marked as having no derivative",
        """The function returns a field that its class marks with pb.no_derivative. Nothing flows through such a
        field.""",
        """
from dataclasses import dataclass


@dataclass
class Spring:
    k: float
    rest: float = pb.no_derivative(1.0)


@pb.differentiable
def rest_of(spring: Spring):
    return spring.rest
""",
        "Take the mark off the field, or wrap it in pb.without_derivative if zero is meant.",
    ),
    _kind(
        "field-without-tangent", "A field of a differentiable class has no tangent", "which has no tangent",
        """A warning: a field of a class that is declared differentiable holds objects of a class without a tangent
        space.
        No derivative flows into them.""",
        """
from dataclasses import dataclass


class Spring:
    def __init__(self, k):
        self.k = k


@pb.differentiable
@dataclass
class Model:
    mass: float
    spring: Spring
""",
        """Make that class a dataclass, pass it to pb.register_differentiable, or mark the field with
        pb.no_derivative.""",
    ),
    _kind(
        "int-field", "A field is a float whose default is an int", "is an int, which has no tangent",
        """A warning: the default of a field that is annotated as a float is an int. An int has no tangent, so an
        object
        made with that default has no derivative there.""",
        """
from dataclasses import dataclass


@pb.differentiable
@dataclass
class Model:
    weight: float = 1
""",
        "Write the default as a float, or mark the field with pb.no_derivative if it is a constant.",
    ),
    _kind(
        "nothing-to-differentiate", "No parameter can be differentiated", "has nothing to differentiate",
        "Every parameter is annotated with a type that has no tangent space, or there is none.",
        """
@pb.differentiable
def power(n: int):
    return n * n
""",
        "Annotate what is differentiated as `float` or `np.ndarray`, and pass floats.",
    ),
    _kind(
        "int-argument", "An int was passed where a float was meant", "is an int; pass a float",
        "No argument of the call is differentiable: ints have no tangent space.",
        """
pb.gradient(lambda x: x * x)(3)
""",
        "Pass a float: 3.0 for 3, or .astype(float) of an array of ints.",
    ),
    _kind(
        "non-scalar-result", "A gradient needs a real scalar result", "real",
        "A gradient is that of one real number. The function returns an array, a tuple, or a complex number.",
        """
pb.gradient(lambda a: a * 2.0)(np.ones(3))
""",
        "Reduce the result to one number (np.sum, np.mean), or use pb.pullback or pb.jacobian.",
    ),
    _kind(
        "argument", "A verb was called with an argument it does not take", "a function is needed",
        "A verb takes a function, and what it returns takes the arguments of that function.",
        """
pb.gradient(9.0)
""",
        "Write gradient(f)(x), not gradient(f(x)).",
    ),
    _kind(
        "wrt-unknown", "`wrt` names a parameter that does not exist", "has no parameter of that name",
        "`wrt` takes parameter names, and positions among the positional parameters.",
        """
@pb.differentiable(wrt="z")
def product(x, y):
    return x * y
""",
        "Use one of the names that the message lists.",
    ),
    _kind(
        "wrt-duplicate", "`wrt` names a parameter twice", "twice",
        "Each parameter has one tangent, so it can be named once; a name and a position may mean the same one.",
        """
@pb.differentiable(wrt=("x", 0))
def product(x, y):
    return x * y
""",
        "Name each parameter once.",
    ),
    _kind(
        "wrt-not-differentiable", "`wrt` names a parameter without a tangent space", "has no tangent space",
        "The parameter is an int, a string or the like.",
        """
@pb.differentiable(wrt="n")
def power(x: float, n: int):
    return x**n
""",
        "Leave the parameter out of `wrt`, or annotate it as a float and pass floats.",
    ),
    _kind(
        "wrt-type", "`wrt` is neither a name nor a position", "takes parameter names and positions",
        "`wrt` is a parameter's name, its position, or a tuple of those. True is not the position 1.",
        """
@pb.differentiable(wrt=True)
def product(x, y):
    return x * y
""",
        'Write wrt="x", wrt=0, or a tuple of those.',
    ),
    _kind(
        "cotangent", "A cotangent does not have the structure of its value", "cotangent",
        """What a pullback is given, or what a registered pullback returns, must have the structure of the value it
        belongs
        to: a float for a float, an array of the same shape for an array.""",
        """
pb.pullback(lambda a: a * 2.0)(np.ones(3))(np.ones(2))
""",
        "Pass, or return, a value of that structure; pb.zero_tangent(x) shows it.",
    ),
    _kind(
        "not-finite", "A line made a NaN or an infinity", "in the reverse sweep",
        """Inside `with pb.debug_nans():` the first line, forward or reverse, whose value is not finite is an error that
        shows the values of its operands.""",
        """
def root(x):
    return (x - 1.0) ** 0.5


with pb.debug_nans():
    pb.gradient(root)(1.0)
""",
        "Keep the argument away from the pole, or give the function a derivative that is finite there.",
    ),
    _kind(
        "rule", "A registered derivative is malformed", "takes a callable",
        "A derivative is registered for a callable, by a function of the same parameters.",
        """
@pb.derivative(of=3.0)
def vjp(x):
    return x, lambda v: v
""",
        "Pass the function itself.",
    ),
    _kind(
        "wrong-rule", "A registered derivative is not that of its function", "wrong",
        """Inside `with pb.audit():` a registered derivative is compared with finite differences of its function where
        it is used first.""",
        """
def cube(x):
    return x**3


@pb.derivative(of=cube)
def cube_vjp(x):
    return cube(x), lambda v: v * x * x


with pb.audit():
    pb.gradient(lambda x: cube(x) + x)(2.0)
""",
        "Correct the derivative; the message shows the entry that differs most.",
    ),
    _kind(
        "vjp-arity", "A derivative does not take the arguments of its function", "a derivative takes the arguments",
        "A registered derivative is called in the place of its function, with the same arguments.",
        """
def product(x, y):
    return x * y


@pb.derivative(of=product)
def product_vjp(x):
    return x, lambda v: v
""",
        "Give it the parameters of the function.",
    ),
    _kind(
        "vjp-result", "A derivative does not return a value and a pullback", "must return (value, pullback)",
        "A registered derivative returns a tuple of two: the value, and a function from its cotangent.",
        """
def cube(x):
    return x**3


@pb.derivative(of=cube)
def cube_vjp(x):
    return 3.0 * x * x
""",
        "Return `(value, lambda v: ...)`.",
    ),
    _kind(
        "vjp-pullback", "A pullback does not take one cotangent", "takes 2 arguments",
        "The pullback of a registered derivative takes the cotangent of the value, and nothing else.",
        """
def cube(x):
    return x**3


@pb.derivative(of=cube)
def cube_vjp(x):
    return cube(x), lambda v, w: 3.0 * x * x * v
""",
        "Give it one parameter.",
    ),
    _kind(
        "vjp-tangents", "A pullback returns another number of tangents than there are arguments",
        "returns 3 tangents",
        """The pullback of a registered derivative returns a tangent for each argument: a bare one for a single
        argument,
        a tuple in parameter order for several.""",
        """
def product(x, y):
    return x * y


@pb.derivative(of=product)
def product_vjp(x, y):
    return x * y, lambda v: (v * y, v * x, v)
""",
        "Return one tangent for each parameter; with `wrt=` for those that it names.",
    ),
    _kind(
        "duplicate-derivative", "A derivative is registered twice", "is registered already",
        "There is one derivative of a function with respect to the same parameters, whoever calls it.",
        """
def cube(x):
    return x**3


@pb.derivative(of=cube)
def cube_vjp(x):
    return cube(x), lambda v: 3.0 * x * x * v


@pb.derivative(of=cube)
def another(x):
    return cube(x), lambda v: v
""",
        "Remove one, or use `with pb.derivatives({f: vjp}):` for a scope.",
    ),
    _kind(
        "not-compiled", "Something is not compiled to machine code", "`str` is not compiled",
        """`pb.jit` compiles numbers, arrays, tuples and objects made of them, and the functions that work on these.
        It does not fall back to slow code where it meets anything else.""",
        """
def digits(x):
    return x * len(str(x))


pb.jit(pb.gradient(digits))(0.5)
""",
        "Leave it out of the function that is compiled, or take `pb.jit` away: the derivative itself does not need it.",
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.id: kind for kind in _EVERY}


def explained(id: str) -> str:
    """The text that `python -m pullback explain` prints. Raises KeyError for an unknown id."""
    kind = KINDS[id]
    program = "".join(f"    {line}\n" if line else "\n" for line in kind.example.splitlines())
    return f"{kind.id}: {kind.title}\n\n{_wrapped(kind.explanation)}\n\n{program}\n{_wrapped(kind.fix)}\n"


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 100))
