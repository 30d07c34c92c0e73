"""What is published holds both addons, whole, and nothing else."""

import ast
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDONS = ("mail_gateway_plus", "mail_gateway_plus_grievance")


def git_files(*paths):
    """Return the tracked files below some paths that are still there."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", *paths], cwd=ROOT, capture_output=True, check=True
    )
    names = listing.stdout.decode().split("\0")
    return {name for name in names if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Build wheel and sdist from a copy, and return the paths of both.

    The copy holds what is tracked only, as a checkout of somebody else does.
    """
    source = tmp_path_factory.mktemp("source")
    for name in git_files(".") | {"setup.py", "pyproject.toml"}:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    compiled = source / ADDONS[0] / "__pycache__"
    compiled.mkdir(exist_ok=True)
    (compiled / "left_over.cpython-310.pyc").write_bytes(b"stale")

    output = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check"]
    done = subprocess.run(
        [*build, "--outdir", str(output), str(source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (wheel,) = output.glob("*.whl")
    (sdist,) = output.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def wheel_names(distributions):
    with zipfile.ZipFile(distributions[0]) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def sdist_names(distributions):
    with tarfile.open(distributions[1]) as sdist:
        return {name.partition("/")[2] for name in sdist.getnames()}


@pytest.mark.parametrize("addon", ADDONS)
def test_wheel_holds_every_file_of_the_addon(addon, wheel_names):
    expected = {f"odoo/addons/{name}" for name in git_files(addon)}

    assert expected, f"git tracks no file of {addon}"
    assert not expected - wheel_names


@pytest.mark.parametrize("addon", ADDONS)
def test_sdist_holds_every_file_of_the_addon(addon, sdist_names):
    assert not git_files(addon) - sdist_names


def test_wheel_holds_nothing_but_the_addons(wheel_names):
    beside = {
        name
        for name in wheel_names
        if ".dist-info/" not in name
        and not name.startswith(tuple(f"odoo/addons/{addon}/" for addon in ADDONS))
    }

    assert not beside


def test_nothing_compiled_is_published(wheel_names, sdist_names):
    names = wheel_names | sdist_names

    assert not [name for name in names if "__pycache__" in name or ".pyc" in name]


def test_licence_is_published(wheel_names, sdist_names):
    assert "LICENSE" in sdist_names
    assert any(name.endswith("LICENSE") for name in wheel_names)


def test_version_is_that_of_the_manifests(distributions):
    versions = {
        ast.literal_eval((ROOT / addon / "__manifest__.py").read_text())["version"]
        for addon in ADDONS
    }

    assert len(versions) == 1, f"the addons have different versions: {versions}"
    (version,) = versions
    for path in distributions:
        # how a name is spelled in a file name differs between versions of setuptools
        name = path.name.replace("-", "_")
        assert name.startswith(f"odoo_addon_mail_gateway_plus_{version}")
