"""Fixtures of the rig's servers: started when a test first asks, one set a run."""

import dataclasses
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cleaning import remove_state
from dev.paths import make_state_directory
from tests.rig.certificates import CertificateAuthority
from tests.rig.dovecot import Dovecot
from tests.rig.postfix import Postfix

CITY = "city.example"
HOME = "home.example"


@dataclasses.dataclass(frozen=True)
class Mailbox:
    """A mailbox of one test: its login is its address."""

    address: str
    password: str
    server: Dovecot

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        """Put a message into a folder."""
        self.server.deliver(self.address, raw, folder)

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """Return a folder's messages, oldest first."""
        return self.server.messages(self.address, folder)


@pytest.fixture(scope="session")
def rig_directory() -> Iterator[Path]:
    """A folder for the servers' files that servers' own users can walk down to.

    pytest's temporary folders are closed to other users.
    """
    parent = make_state_directory() / "rig"
    parent.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=parent, prefix="t"))
    directory.chmod(0o755)
    yield directory
    remove_state(directory)


@pytest.fixture(scope="session")
def certificate_authority(rig_directory: Path) -> CertificateAuthority:
    """The authority of all certificates of this run."""
    return CertificateAuthority(rig_directory / "ca")


@pytest.fixture(scope="session")
def trust_rig_ca(certificate_authority: CertificateAuthority) -> Iterator[None]:
    """Let Python's default verification accept the rig's servers.

    Tests that use ``dovecot`` or ``postfix`` have it already.
    """
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(certificate_authority.trusted_bundle())
    yield
    if before is None:
        del os.environ["SSL_CERT_FILE"]
    else:
        os.environ["SSL_CERT_FILE"] = before


@pytest.fixture(scope="session")
def dovecot(
    rig_directory: Path,
    certificate_authority: CertificateAuthority,
    trust_rig_ca: None,
) -> Iterator[Dovecot]:
    """A Dovecot without users; a test adds its own, or takes ``mailbox``."""
    server = Dovecot(rig_directory / "dovecot", certificate_authority).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postfix(
    rig_directory: Path,
    certificate_authority: CertificateAuthority,
    dovecot: Dovecot,
) -> Iterator[Postfix]:
    """A Postfix for city.example and home.example over ``dovecot``'s users."""
    server = Postfix(
        rig_directory / "postfix", certificate_authority, dovecot, [CITY, HOME]
    )
    yield server.start()
    server.stop()


_numbers = itertools.count(1)


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """A new, empty mailbox of this test alone."""
    address = f"box{next(_numbers)}-{os.getpid()}@{CITY}"
    dovecot.add_user(address, "secret")
    return Mailbox(address, "secret", dovecot)
