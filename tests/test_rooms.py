"""The trust boundary is the folder tree: which room may import which, proved on the source."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import linkage

ROOT = Path(linkage.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py"))

# what the agreement and the links offer as methods is done in a room: imported where it is called, by these alone
BACKWARD = {
    ("linkage.schema", "linkage.agency.check"),
    ("linkage.schema", "linkage.interop.clkschema"),
    ("linkage.links", "linkage.central.disclosing.disclose"),
}
FRONT = {"linkage", "linkage.__main__", "linkage.cli", "linkage.reporting"}  # and the package `linkage.commands`

ROOMS = ("agency", "central", "study", "interop", "auditing")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute, so that this test sees them"
            module = node.module or ""
            found.add(module)
            found |= {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and re.fullmatch(r"linkage(\.\w+)+", str(node.value)):
            found.add(str(node.value))  # a module's name as text: what `importlib` is given
    return {module for module in found if module.split(".")[0] == "linkage"}


def in_front(module: str) -> bool:
    return module in FRONT or module.startswith("linkage.commands")


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "values"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports__agency_and_central_never_meet(path):
    here = name_of(path)
    for module in imports(path):
        if here.startswith("linkage.agency"):
            assert room(module) not in ("central", "study", "interop", "auditing"), f"{here} imports {module}"
        if here.startswith("linkage.central"):
            assert room(module) not in ("agency", "study", "interop", "auditing"), f"{here} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports__values_come_before_rooms(path):
    here = name_of(path)
    if room(here) != "values" or in_front(here):
        return
    backward = {module for module in imports(path) if room(module) != "values"}
    allowed = {target for source, target in BACKWARD if source == here}
    assert all(any(module.startswith(target) for target in allowed) for module in backward), (here, backward)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports__the_audit_needs_no_centre_and_no_room_needs_the_audit(path):
    here = name_of(path)
    for module in imports(path):
        if here.startswith("linkage.auditing"):
            assert room(module) != "central", f"{here} imports {module}"
        if room(here) in ("study", "interop") and here != "linkage.study.grid":  # what a sweep measures is risk too
            assert room(module) != "auditing", f"{here} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports__nothing_but_the_front_imports_the_front(path):
    here = name_of(path)
    assert in_front(here) or not {module for module in imports(path) if in_front(module)} - {"linkage"}


def test_packages__show_no_name_that_is_one_of_their_modules():
    packages = [name_of(path) for path in MODULES if path.name == "__init__.py"]
    assert {"linkage", "linkage.central", "linkage.central.kernels", "linkage.study"} <= set(packages)
    for package in packages:
        loaded = importlib.import_module(package)
        for module in pkgutil.iter_modules(loaded.__path__):
            shown = getattr(importlib.import_module(package), module.name, None)
            assert shown is None or hasattr(shown, "__path__") or hasattr(shown, "__file__"), f"{package}.{module.name}"


def test_public_names__are_sorted_and_there():
    assert linkage.__all__ == sorted(linkage.__all__)
    assert all(hasattr(linkage, name) for name in linkage.__all__)


def test_import__loads_numpy_and_little_else():
    heavy = ("pyarrow", "scipy", "narwhals", "pandas", "polars", "click", "matplotlib", "tqdm", "stdnum")
    code = f"import sys, linkage; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
