"""The core is plain Python: it runs, and is tested, without Odoo."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "mail_gateway_plus" / "core"
OWN_NAMES = {"mail_gateway_plus", "mail_gateway_plus_grievance"}


def modules():
    """Return every module of the core, and insist that there are some."""
    found = sorted(CORE.rglob("*.py"))
    assert found, f"no module below {CORE}: has the core been moved?"
    return found


def imports(module):
    """Yield line, level and dotted name of everything that a module imports."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"), str(module))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.level, node.module or ""


def where(module, line):
    return f"{module.relative_to(ROOT)}:{line}"


def test_core_never_imports_odoo():
    faults = [
        where(module, line)
        for module in modules()
        for line, level, name in imports(module)
        if level == 0 and name.split(".")[0] == "odoo"
    ]

    assert not faults, f"the core imports odoo in {faults}"


def test_core_imports_itself_relatively():
    faults = [
        where(module, line)
        for module in modules()
        for line, level, name in imports(module)
        if level == 0 and name.split(".")[0] in OWN_NAMES
    ]

    assert not faults, f"the core imports itself by its full name in {faults}"


def test_core_never_reaches_out_of_itself():
    faults = [
        where(module, line)
        for module in modules()
        for line, level, _name in imports(module)
        if level > len(module.relative_to(CORE).parts)
    ]

    assert not faults, f"the core imports from outside of it in {faults}"
