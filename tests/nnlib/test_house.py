"""The shape of nnlib: small, one direction of imports, docstrings that name real equations."""
import ast
import re
import sys
from pathlib import Path

import pytest

import nnlib

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "nnlib"
# In the order of the book; a file may import only from those before it. Files of later chapters take their place here.
ORDER = ["_validate", "activations", "network", "entries", "jacobians", "losses", "backprop", "training", "distributed",
         "checking", "reports", "gradient_check", "exchange", "onnx_models", "data", "vectors", "results", "comparison",
         "lines", "bugs", "diagnosis", "conformance", "__main__", "autodiff",
         "plotting._paper", "plotting.matrix_equations", "plotting.networks", "plotting.curves", "plotting.costs",
         "plotting.errors", "plotting.images", "plotting.learning", "plotting.gradients", "plotting.graphs"]
CORE = ["activations", "network", "entries", "jacobians", "losses", "backprop", "checking"]


def tree(name):
    return ast.parse((PACKAGE / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8"))


def statements(name):
    """Statements, docstrings not counted."""
    def is_docstring(node):
        return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)
    return sum(isinstance(node, ast.stmt) and not is_docstring(node) for node in ast.walk(tree(name)))


def test_the_core_can_be_read_in_one_sitting(record_property):
    count = sum(statements(name) for name in CORE)
    record_property("statements", count)
    print(f"nnlib's core has {count} statements")
    assert count <= 500


def test_every_file_has_its_place():
    found = {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py")}
    assert found == {*ORDER, "__init__", "plotting.__init__"}, "name a new file in ORDER, in this file, below all it imports"
    assert nnlib.__path__ == [str(PACKAGE)], "the tests import another nnlib than that of this folder"


@pytest.mark.parametrize("name", ORDER)
def test_imports_go_upwards_only(name):
    allowed = ORDER[:ORDER.index(name)]
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.ImportFrom) and node.level:
            sources = [node.module] if node.module else [alias.name for alias in node.names]
            folder = name.rpartition(".")[0]
            if folder and node.level == 1:
                sources = [f"{folder}.{source}" for source in sources]
            assert all(source in allowed for source in sources), (name, sources)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
            at_the_top = node.col_offset == 0
            for module in modules:
                if module.split(".")[0] in ("matplotlib", "PIL"):
                    assert name.startswith("plotting.") and not at_the_top, "Matplotlib is imported inside a plotting call"
                else:
                    optional = set() if at_the_top else {"training": {"tqdm"}, "onnx_models": {"onnx"}}.get(name, set())
                    assert module.split(".")[0] in {"numpy", *optional, *sys.stdlib_module_names}, (name, module)


def test_checking_imports_nothing_that_it_checks():
    def sources(name):
        return {node.module or alias.name for node in ast.walk(tree(name)) if isinstance(node, ast.ImportFrom) and node.level
                for alias in node.names}

    assert sources("checking") == {"_validate"} and sources("reports") == set()
    assert sources("gradient_check") == {"_validate", "reports"}


def equations_of_the_book():
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "book").glob("*.md")]
    return {label for text in texts for label in re.findall(r"^\$\$.*\$\$ \(([a-z0-9-]+)\)$", text, re.M)}


def test_docstrings_name_equations_that_exist():
    named = set()
    for name in [*CORE, "training", "autodiff"]:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and (text := ast.get_docstring(node)):
                for sentence in re.findall(r"Equations? ((?:\([a-z-]+\)[, and]*)+)", text):
                    named |= set(re.findall(r"\(([a-z-]+)\)", sentence))
    assert named and named <= equations_of_the_book()


def test_every_public_name_is_documented():
    for name in nnlib.__all__:
        assert (getattr(nnlib, name).__doc__ or "").strip(), name


def test_a_function_fits_on_a_screen():
    for name in ORDER:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 45, (name, node.name)
