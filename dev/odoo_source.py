"""Odoo 19 itself: Debian's package, verified by apt, or a checkout of the user's."""

import dataclasses
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from dev import debian_packages
from dev.paths import write_atomically
from dev.steps import PrepareError, Step, say, step

TESTED_VERSION = "19.0.0+dfsg-1"

# The package and what its links need. The suite matters: sid's Font Awesome and
# Inconsolata no longer have the files that Odoo's links point to, and Montserrat
# entered Debian after bookworm.
DOWNLOADS = (
    "odoo-19/sid",
    "fonts-montserrat/sid",
    "fonts-font-awesome/bookworm",
    "fonts-inconsolata/bookworm",
    "fonts-ocr-b/bookworm",
    "fonts-roboto-unhinted/bookworm",
    "libjs-jquery/bookworm",
    "libjs-jquery-form/bookworm",
    "libjs-underscore/bookworm",
)

# Debian strips this library; a missing file in an asset bundle is logged as an error
# in the browser's console, which fails every test that runs in one.
STRIPPED_SCRIPT = Path("mail/static/lib/selfie_segmentation/selfie_segmentation.js")
STRIPPED_SCRIPT_STUB = "/* Not in Debian's package. */\n"


@dataclasses.dataclass(frozen=True)
class OdooSource:
    """Where one Odoo's code lies and how Python and Odoo find it."""

    python_path: Path
    addons_paths: tuple[Path, ...]
    version: str


def odoo_source(cache: Path) -> OdooSource:
    """Return the Odoo to use: ODOO_PATH if set, else Debian's, fetched when missing."""
    if named := os.environ.get("ODOO_PATH"):
        return from_path(Path(named).expanduser().absolute())
    return from_debian(cache)


def from_path(path: Path) -> OdooSource:
    """Return the Odoo below ``path``, or raise PrepareError if it is none or not 19."""
    release = path / "odoo" / "release.py"
    if not release.exists():
        raise PrepareError(f"ODOO_PATH={path}: there is no Odoo (no odoo/release.py)")
    version = _version_in(release.read_text(encoding="utf-8"))
    if not version.startswith("19."):
        raise PrepareError(f"ODOO_PATH={path} is Odoo {version}, 19.0 is needed")
    beside = path / "addons"
    with_mail = [folder for folder in (beside,) if (folder / "mail").is_dir()]
    if not with_mail and not (path / "odoo" / "addons" / "mail").is_dir():
        raise PrepareError(f"ODOO_PATH={path}: there are no addons (no mail)")
    return OdooSource(path, tuple(with_mail), f"{version} in {path}")


def from_debian(cache: Path) -> OdooSource:
    """Return Debian's Odoo from the cache, fetching and unpacking it when missing."""
    current = cache / "odoo" / "current"
    if current.exists():
        version = current.read_text(encoding="utf-8").strip()
        if version and (cache / "odoo" / version).is_dir():
            return _debian_source(cache / "odoo" / version, version)
    log = cache / "logs" / "odoo.log"
    with step("Odoo 19 from Debian sid: download", log) as download:
        packages = _download(cache, download)
        version = _package_version(packages)
        if version != TESTED_VERSION:
            download.note(f"sid has {version}; {TESTED_VERSION} was tested")
    with step(f"Odoo {version}: unpack", log) as unpacking:
        tree = _unpack(packages, cache / "odoo" / version, unpacking)
    write_atomically(current, version + "\n")
    return _debian_source(tree, version)


def debian_mirror() -> str:
    """Return the address of a Debian mirror: DEBIAN_MIRROR, or the one apt uses."""
    if named := os.environ.get("DEBIAN_MIRROR"):
        return named
    release = debian_packages.os_release()
    if release.get("ID") == "debian":
        fields = "$(RELEASE) $(COMPONENT) $(REPO_URI)"
        listing = subprocess.run(
            ["apt-get", "indextargets", "--format", fields],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        suites = {release.get("VERSION_CODENAME"), "stable", "testing", "sid"}
        for line in listing.splitlines():
            suite, component, address = line.split(" ", 2)
            if suite in suites and component == "main":
                return address
    raise PrepareError(
        "Odoo 19 comes from Debian and apt knows no Debian mirror here: give one as "
        "DEBIAN_MIRROR=<address>, or an Odoo 19 that you have as ODOO_PATH=<folder>"
    )


def _debian_source(tree: Path, version: str) -> OdooSource:
    """Describe the unpacked package ``tree``."""
    packages = tree / "usr" / "lib" / "python3" / "dist-packages"
    return OdooSource(packages, (), version)


def _version_in(release_text: str) -> str:
    """Return "19.0" from the text of odoo/release.py, or "of an unknown version"."""
    found = re.search(r"^version_info = \((\d+), (\d+)", release_text, re.MULTILINE)
    return f"{found[1]}.{found[2]}" if found else "of an unknown version"


def _download(cache: Path, current: Step) -> list[Path]:
    """Fetch the packages through apt, which checks signatures and digests."""
    keyring = debian_packages.DEBIAN_KEYRING
    if not keyring.exists():
        raise PrepareError("the package debian-archive-keyring is not installed")
    apt = cache / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    mirror = debian_mirror()
    lines = [
        f"deb [signed-by={keyring}] {mirror} {s} main" for s in ("sid", "bookworm")
    ]
    (apt / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = ["apt-get", "-q", *_private_apt_options(apt)]
    advice = f"is there a network, and Debian at {mirror}?"
    current.run([*command, "update", "--error-on=any"], advice=advice)
    target = cache / "debs"
    unfinished = cache / "debs.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    current.run([*command, "download", *DOWNLOADS], directory=unfinished, advice=advice)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    return sorted(target.glob("*.deb"))


def _private_apt_options(apt: Path) -> list[str]:
    """Return options that keep apt away from the machine's own lists and sources."""
    settings = {
        "Dir::Etc::sourcelist": apt / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": apt / "lists",
        "Dir::Cache": apt / "cache",
        "APT::Get::List-Cleanup": "0",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    return [w for name, value in settings.items() for w in ("-o", f"{name}={value}")]


def _package_version(packages: list[Path]) -> str:
    """Return the version of Odoo's package as dpkg reads it from the file."""
    package = next(path for path in packages if path.name.startswith("odoo-19_"))
    words = ["dpkg-deb", "--field", str(package), "Version"]
    return subprocess.run(
        words, capture_output=True, text=True, check=True
    ).stdout.strip()


def _unpack(packages: list[Path], tree: Path, current: Step) -> Path:
    """Unpack all packages into ``tree``, which appears only when it is whole."""
    unfinished = tree.with_name(tree.name + ".unfinished")
    for leftover in (unfinished, tree):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for package in packages:
        current.run(["dpkg-deb", "-x", package, unfinished])
    script = (
        _debian_source(unfinished, "").python_path / "odoo/addons" / STRIPPED_SCRIPT
    )
    if not script.exists():
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(STRIPPED_SCRIPT_STUB, encoding="utf-8")
    unfinished.rename(tree)
    return tree


def say_source(source: OdooSource) -> None:
    """Print which Odoo is in use when it is not the one that was tested."""
    if source.version != TESTED_VERSION:
        say(f"Odoo {shlex.quote(source.version)}; {TESTED_VERSION} was tested")
