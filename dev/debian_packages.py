"""Install the Debian or Ubuntu packages that are missing, without their services."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from dev import postgres
from dev.steps import PrepareError, Step

SYSTEM_PYTHON = Path("/usr/bin/python3")
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# Files that prove a package, per package.
MAIL_SERVERS = {
    "dovecot-imapd": "/usr/lib/dovecot/imap",
    "dovecot-pop3d": "/usr/lib/dovecot/pop3",
    "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
    "postfix": "/usr/sbin/postfix",
}
SERVICES = {
    "postfix": "postfix",
    "dovecot-imapd": "dovecot",
    "postgresql": "postgresql",
}

POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# mail_gateway_plus: installing starts no service\nexit 101\n"


def distribution() -> str:
    """Return "debian", "ubuntu" or what else /etc/os-release calls itself."""
    return os_release().get("ID", "unknown")


def os_release() -> dict[str, str]:
    """Return the fields of /etc/os-release, or none where there is no such file."""
    with contextlib.suppress(FileNotFoundError):
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
        fields = (line.partition("=") for line in lines if "=" in line)
        return {name: value.strip("\"'") for name, _, value in fields}
    return {}


def missing_for_odoo() -> list[str]:
    """Return the packages without which Odoo and its database cannot run."""
    missing = []
    if not DEBIAN_KEYRING.exists() and not os.environ.get("ODOO_PATH"):
        missing.append("debian-archive-keyring")
    if not _python_makes_environments():
        missing += ["python3", "python3-venv"]
    if not postgres.binary_directory():
        missing.append("postgresql")
    return missing


def missing_for_mail_servers() -> list[str]:
    """Return the packages of the mail servers that tests and demo run against."""
    return [name for name, proof in MAIL_SERVERS.items() if not Path(proof).exists()]


def missing_for_browser() -> list[str]:
    """Return the browser's package, or raise PrepareError where it would be a snap.

    Ubuntu's chromium packages only install the snap, which cannot be driven with a
    profile below /tmp as Odoo's tests do.
    """
    if any(shutil.which(name) for name in BROWSERS):
        return []
    if distribution() == "ubuntu":
        raise PrepareError(
            "the web tests need a browser and Ubuntu's chromium is a snap: install "
            f"one of {', '.join(BROWSERS)} as a Debian package"
        )
    return ["chromium"]


def missing_for_lint() -> list[str]:
    """Return the packages that bring npm."""
    needed = {"node": "nodejs", "npm": "npm"}
    return [name for tool, name in needed.items() if not shutil.which(tool)]


def install(packages: Sequence[str], step: Step) -> None:
    """Install ``packages`` and leave no service of theirs running or enabled."""
    as_root = root_prefix()
    if as_root is None:
        raise PrepareError(
            "neither root nor sudo without a password; install these yourself: "
            f"{' '.join(packages)}"
        )
    quiet = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    command = [*quiet, "install", "-y", "--no-install-recommends", *packages]
    with _services_stay_off(as_root):
        if not _all_known(packages):
            step.run([*quiet, "update"], advice="is there a network?")
        try:
            step.run(command)
        except PrepareError:
            # Lists that are some weeks old name files that are gone from the mirror.
            step.run([*quiet, "update"], advice="is there a network?")
            step.run(command)
    if shutil.which("systemctl"):
        for name in set(packages) & SERVICES.keys():
            step.run([*as_root, "systemctl", "--quiet", "disable", SERVICES[name]])


def root_prefix() -> list[str] | None:
    """Return what makes a command run as root, or None where nothing does."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and not subprocess.run(
            ["sudo", "-n", "true"], capture_output=True, check=False
        ).returncode
    ):
        return ["sudo", "-n"]
    return None


def _python_makes_environments() -> bool:
    """Return whether the system's Python is there with venv and pip's seed."""
    if not SYSTEM_PYTHON.exists():
        return False
    probe = [str(SYSTEM_PYTHON), "-c", "import ensurepip, venv"]
    return not subprocess.run(probe, capture_output=True, check=False).returncode


def _all_known(packages: Sequence[str]) -> bool:
    """Return whether apt's lists on this machine name every package."""
    probe = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    return probe.returncode == 0 and probe.stdout.count("Package: ") >= len(packages)


@contextlib.contextmanager
def _services_stay_off(as_root: Sequence[str]) -> Iterator[None]:
    """Keep Debian's maintainer scripts from starting services during the block.

    They ask /usr/sbin/policy-rc.d and nothing else can tell them; a file that is not
    ours (containers have one) is left as it is. One that a killed run left behind is
    ours again, by its text.
    """
    foreign = POLICY.exists() and POLICY.read_text(encoding="utf-8") != POLICY_TEXT
    if foreign:
        yield
        return
    subprocess.run(
        [*as_root, "install", "-m", "755", "/dev/stdin", str(POLICY)],
        input=POLICY_TEXT,
        text=True,
        check=True,
    )
    try:
        yield
    finally:
        subprocess.run([*as_root, "rm", "-f", str(POLICY)], check=True)
