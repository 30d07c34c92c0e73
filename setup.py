"""Packaging: ``pip install .`` lays both addons out below ``odoo.addons``."""

import ast
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
MAIN = "mail_gateway_plus"
ADDONS = (MAIN, "mail_gateway_plus_grievance")


def manifest(addon):
    """Read the manifest of an addon without running it."""
    text = (ROOT / addon / "__manifest__.py").read_text(encoding="utf-8")
    return ast.literal_eval(text)


def packages(addon):
    """Return every folder of the addon which holds Python modules, as dotted names."""
    for init in sorted((ROOT / addon).rglob("__init__.py")):
        yield ".".join(("odoo", "addons", *init.parent.relative_to(ROOT).parts))


def data_files(addon):
    """Return every file of the addon, relative to it: views, icons, translations …"""
    for path in sorted((ROOT / addon).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT / addon).as_posix()


def requirements():
    """Return Odoo and what the manifests ask for beside it."""
    yield "odoo>=19.0,<19.1"
    for addon in ADDONS:
        yield from manifest(addon).get("external_dependencies", {}).get("python", [])


# What the addon does more with, and names where it is missing.
OPTIONAL = {
    "dns": ["dnspython>=2.3"],
    "tnef": ["tnefparse"],
    "trust": ["dkimpy>=1.1", "dnspython>=2.3"],
}

main_manifest = manifest(MAIN)

setup(
    name=f"odoo-addon-{MAIN}",
    version=main_manifest["version"],
    description=main_manifest["summary"],
    long_description=(ROOT / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    author=main_manifest["author"],
    license=main_manifest["license"],
    license_files=["LICENSE"],
    url=main_manifest["website"],
    python_requires=">=3.10",
    install_requires=list(dict.fromkeys(requirements())),
    extras_require=OPTIONAL,
    packages=[name for addon in ADDONS for name in packages(addon)],
    package_dir={f"odoo.addons.{addon}": addon for addon in ADDONS},
    package_data={f"odoo.addons.{addon}": list(data_files(addon)) for addon in ADDONS},
    zip_safe=False,
)
