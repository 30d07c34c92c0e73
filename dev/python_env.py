"""Virtual environments: made of pinned packages, found again by what they hold."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from dev import debian_packages
from dev.odoo_source import OdooSource
from dev.paths import ROOT, digest_of
from dev.steps import step

REQUIREMENTS = ROOT / "dev" / "requirements.txt"
LINT_REQUIREMENTS = ROOT / "dev" / "requirements-lint.txt"

# Written last: an environment without it is one that a killed run left behind.
STAMP = ".complete"


def odoo_environment(cache: Path, source: OdooSource) -> Path:
    """Return the environment that runs Odoo and the tests, made when missing.

    Odoo's place is part of the key, as a .pth file in the environment points there.
    """
    return _environment(
        cache, "venv", REQUIREMENTS, "Python packages", import_path=source.python_path
    )


def lint_environment(cache: Path) -> Path:
    """Return the environment of the linters, made when missing."""
    return _environment(cache, "venv-lint", LINT_REQUIREMENTS, "linters")


def python_of(environment: Path) -> Path:
    """Return the environment's interpreter."""
    return environment / "bin" / "python"


def _environment(
    cache: Path,
    prefix: str,
    requirements: Path,
    title: str,
    import_path: Path | None = None,
) -> Path:
    """Return the environment for ``requirements``, after making it when missing."""
    base = str(debian_packages.SYSTEM_PYTHON)
    version = _python_version(base)
    key = digest_of(requirements, str(import_path or ""))
    environment = cache / f"{prefix}-{version}-{key}"
    if (environment / STAMP).exists():
        return environment
    log = cache / "logs" / f"{prefix}.log"
    with step(f"{title} for Python {version}", log) as making:
        shutil.rmtree(environment, ignore_errors=True)
        making.run([base, "-m", "venv", environment])
        pip = [python_of(environment), "-m", "pip", "--disable-pip-version-check"]
        install = [*pip, "install", "--no-input", "--use-pep517", "-r", requirements]
        making.run(install, advice="is there a network?")
        if import_path:
            packages = next(environment.glob("lib/python3*/site-packages"))
            (packages / "odoo-source.pth").write_text(f"{import_path}\n")
        (environment / STAMP).touch()
    return environment


def _python_version(interpreter: str) -> str:
    """Return the interpreter's version as "3.11", by its name where that tells it."""
    target = os.path.basename(os.path.realpath(interpreter))
    if found := re.fullmatch(r"python(3\.\d+)", target):
        return found[1]
    words = [interpreter, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(
        words, capture_output=True, text=True, check=True
    ).stdout.strip()
