"""The layers of the package: imports go only downward, and importing it is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pullback

PACKAGE = Path(pullback.__file__).parent

# Bottom to top. A module imports only modules that stand before it, here or in a line above.
LAYERS = {
    "plain data": "spans layout errors states mutators forms tables",
    "what diagnostics mean": "diagnostics",
    "the algebra of tangent spaces": "tangents structs spaces trees fitting fingerprints holding drawing along views "
    "shadow_totals shadow_draws shadows",
    "the registry of derivatives": "kinds vjp_rules rules applying",
    "from source to the intermediate representation": "source scopes boxes cells renaming managers fence ir syntax "
    "forward_uses lower_generators lower_iterations lower_conditions lower_expressions lower_match lower_try "
    "capturing appended lower",
    "analyses": "operations calls names conditions array_methods library_results endings decided infer field_calls "
    "operator_calls texts outputs solitary effects counts changing module_data verb_results origins sharing "
    "dict_views cutting late activity progress definite liveness",
    "the transform": "runtime residuals inlining asking_code shadow_code reverse simplify threaded outlined "
    "forward_try forward_sweep lending not_finite emit",
    "forward mode": "tangent_parts mirrors separate template_functions tangent_rules tangent_names tangent_calls "
    "tangent_try tangent_code tangent_changes",
    "the pipeline": "generated flat_calls sweeps assemble tangent_assembly stored analysing pipeline",
    "calls at run time": "watching construct python_calls dispatch descriptors asking converting attributes operating "
    "iterating rearranging shared_calls shared_access shared_changes shared_arrays shared_construct starred "
    "shared_operators",
    "calls in forward mode": "call_paths differential_calls differential_pairs differential_objects "
    "differential_changes differential_in_place differential_construct pull_apply linked runtime_calls",
    "derivatives of the world's functions": "rulebook",
    "the form of registered derivatives": "vjp_forms",
    "the public verbs": "copying arguments locating operators custom surgery recompute kept inspection useful "
    "marked_source printing",
    "checks at the definition": "evidence certainty reaching readable findings fields contract",
    "forward mode and higher orders": "forward_verbs nesting lent_verbs jacobians second_order",
    "checking derivatives": "differences comparing rule_calls rule_checks rule_variants rule_testing auditing testing",
    "machine code": "compiled",
    "the public API": "pullback",
    "deep learning": "nn optim",
    "the command line": "demo cli __main__",
}
ORDER = {module: place for place, module in enumerate(" ".join(LAYERS.values()).split())}

# Imports for annotations alone (`if TYPE_CHECKING`) do not run; each that points upward is named here.
UPWARD_ANNOTATIONS = {
    ("inlining", "reverse"), ("forward_try", "forward_sweep"), ("shadow_code", "reverse"), ("asking_code", "reverse"),
}  # fmt: skip

# `nn` and `optim` are clients of the public API. What they use beyond the names in `pullback.__all__`:
PUBLIC_MODULES = {
    "custom", "errors", "forms", "operators", "recompute", "spaces", "structs", "surgery", "tables", "tangents",
}  # fmt: skip
EXTENSION_NAMES = {
    "Table", "Tangent", "add", "constant_fields", "field_names", "form_of", "in_bytes", "is_differentiable",
    "is_struct_class", "project", "registration", "scale", "unmarked",
}  # fmt: skip


def modules():
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        found[".".join(parts) or "pullback"] = path
    return found


MODULES = modules()


def unit(module):
    """The entry of LAYERS that a module belongs to: folders count as one."""
    return module.split(".")[0]


def imports(path):
    """(module, name or None, whether only annotations use it) of every import of this package in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    annotations = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layer"
            if node.module is None or node.module.split(".")[0] != "pullback":
                continue
            inside = node.module.removeprefix("pullback").removeprefix(".")
            for alias in node.names:
                full = f"{inside}.{alias.name}".lstrip(".")
                if full in MODULES:
                    yield full, None, id(node) in annotations
                else:
                    yield inside or "pullback", alias.name, id(node) in annotations
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "pullback":
                    yield alias.name.removeprefix("pullback.") or "pullback", None, id(node) in annotations


def test_every_module_has_a_layer():
    assert {unit(m) for m in MODULES} == set(ORDER)


FOLDERS = ["nn", "optim", "rulebook", "compiled", "cli"]


@pytest.mark.parametrize("module", [m for m in MODULES if unit(m) not in FOLDERS])
def test_imports_go_downward(module):
    for imported, _, annotation in imports(MODULES[module]):
        if annotation and (module, imported) in UPWARD_ANNOTATIONS:
            continue
        assert ORDER[unit(imported)] < ORDER[unit(module)], f"{module} imports {imported}, which is not below it"


def test_the_upward_annotations_are_still_there():
    found = {(m, i) for m in MODULES for i, _, a in imports(MODULES[m]) if a and ORDER[unit(i)] >= ORDER[unit(m)]}
    assert found == UPWARD_ANNOTATIONS


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_downward_and_have_no_cycle(folder):
    inside = {m: set() for m in MODULES if unit(m) == folder}
    for module in inside:
        for imported, _, _ in imports(MODULES[module]):
            if unit(imported) == folder:
                inside[module].add(imported)
            else:
                assert ORDER[unit(imported)] < ORDER[folder], f"{module} imports {imported}, which is not below it"
    while inside:
        free = {m for m, needs in inside.items() if not needs & set(inside)}
        assert free, f"a cycle among {sorted(inside)}"
        inside = {m: needs for m, needs in inside.items() if m not in free}


@pytest.mark.parametrize("module", [m for m in MODULES if unit(m) in ("nn", "optim")])
def test_deep_learning_uses_the_public_api(module):
    for imported, name, _ in imports(MODULES[module]):
        if unit(imported) in ("nn", "optim"):
            continue
        assert imported in PUBLIC_MODULES | {"pullback"}
        assert name is not None and not name.startswith("_")
        assert name in pullback.__all__ or name in EXTENSION_NAMES, f"{module} uses {name}, which is not public"


def test_nn_and_optim_do_not_know_each_other():
    for module in MODULES:
        others = {unit(i) for i, _, _ in imports(MODULES[module])} & {"nn", "optim"}
        assert unit(module) not in ("nn", "optim") or others <= {unit(module)}


def test_the_tutorial_uses_the_public_api():
    for imported, name, _ in imports(MODULES["demo.custom_differentiation"]):
        assert imported in ("pullback", "nn", "optim") and name is None


def loaded_by(statement):
    program = f"import sys; {statement}; print(*sorted(sys.modules))"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()


@pytest.mark.parametrize("statement", ["import pullback", "import pullback as pb; pb.nn; pb.optim; pb.testing"])
def test_importing_loads_no_backend(statement):
    loaded = set(loaded_by(statement))
    assert "numpy" in loaded
    assert not loaded & {"torch", "jax", "numba", "scipy", "cupy", "attr", "pandas", "pytest", "hypothesis"}


def test_importing_loads_no_deep_learning():
    loaded = {m.split(".")[1] for m in loaded_by("import pullback") if m.startswith("pullback.")}
    assert not loaded & {"nn", "optim", "demo", "testing"}


@pytest.mark.parametrize("module", MODULES)
def test_files_are_short(module):
    length = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert length <= 500, f"{MODULES[module].name} has {length} lines"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is(module):
    assert ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))
