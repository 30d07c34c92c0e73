"""A private Dovecot: IMAP and POP3 in every security mode, over Maildir folders."""

import base64
import contextlib
import dataclasses
import grp
import imaplib
import itertools
import os
import pwd
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.rig.certificates import Certificate, CertificateAuthority
from tests.rig.processes import (
    ManagedProcess,
    accepts,
    find_program,
    free_port,
    greeting,
    wait_until,
)

# As root, Dovecot refuses to handle mail as root; this user owns the mailboxes then.
MAIL_USER = "nobody"
# A file has at most 65,000 names on ext4.
LINKS = 50_000

CONFIGURATION = """
base_dir = {directory}/base
log_path = {directory}/dovecot.log
protocols = imap pop3 lmtp
listen = 127.0.0.1
{process_users}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 200

ssl = yes
ssl_cert = <{certificate.cert_path}
ssl_key = <{certificate.key_path}
ssl_min_protocol = TLSv1.2

# Many tests log in wrongly on purpose: no growing delays for 127.0.0.1.
disable_plaintext_auth = no
auth_mechanisms = plain login {token_mechanism}
auth_username_chars =
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{token_passdb}
passdb {{
  driver = passwd-file
  args = username_format=%Lu {directory}/users/%Lu
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {directory}/users/%Lu
}}

namespace inbox {{
  inbox = yes
  separator = /
}}

service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  service_count = 0
  inet_listener pop3 {{
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    port = {pop3s_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
service auth {{
  inet_listener sasl {{
    port = {sasl_port}
  }}
}}
protocol lmtp {{
  recipient_delimiter = +
  postmaster_address = postmaster@rig.example
}}
"""


# Who logs in with a token is asked for elsewhere, and found among the users after that.
TOKEN_PASSDB = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {directory}/oauth2.conf
}}
"""
TOKEN_CONFIGURATION = """
tokeninfo_url = {tokeninfo_url}
username_attribute = email
"""


@dataclasses.dataclass(frozen=True)
class _Owner:
    """Who owns the mailboxes."""

    uid: int
    gid: int


class Dovecot:
    """One Dovecot on free ports of 127.0.0.1, its mail below ``directory``.

    Logins that are addresses receive mail from the rig's Postfix as well. Without
    ``certificate`` it has a good one for localhost and 127.0.0.1; give a bad one to
    see what clients do with it. With ``tokeninfo_url`` it knows XOAUTH2: the token is
    put behind that address, which tells whose it is.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        directory: Path,
        ca: CertificateAuthority,
        users: Mapping[str, str] | None = None,
        certificate: Certificate | None = None,
        tokeninfo_url: str = "",
    ) -> None:
        self.directory = directory
        self.tokeninfo_url = tokeninfo_url
        self.certificate = certificate or ca.issue("localhost", "127.0.0.1")
        self.users: dict[str, str] = {}
        self.on_users_changed: list[Callable[[], None]] = []
        self.imap_port = free_port()
        self.imaps_port = free_port()
        self.pop3_port = free_port()
        self.pop3s_port = free_port()
        self.lmtp_port = free_port()
        self.sasl_port = free_port()
        self._delivered = itertools.count(1)
        self._written = itertools.count(int(time.time()))
        self._process: ManagedProcess | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._owner = _mail_owner()
        for login, password in (users or {}).items():
            self.add_user(login, password)

    def start(self) -> "Dovecot":
        """Start the server and return it once all its listeners greet."""
        configuration = self.directory / "dovecot.conf"
        configuration.write_text(self._configuration(), encoding="utf-8")
        self._process = ManagedProcess(
            "Dovecot",
            [find_program("dovecot"), "-F", "-c", configuration],
            self.directory / "dovecot.log",
        )
        self._process.start(ready=self._greets)
        return self

    def stop(self) -> None:
        """Stop the server; the mail stays."""
        if self._process:
            self._process.stop()
            self._process = None

    def port_of(self, kind: str, tls: bool = False) -> int:
        """Return the port for ``imap`` or ``pop``, with TLS from the start or not."""
        ports = {
            ("imap", False): self.imap_port,
            ("imap", True): self.imaps_port,
            ("pop", False): self.pop3_port,
            ("pop", True): self.pop3s_port,
        }
        return ports[kind, tls]

    def add_user(self, login: str, password: str) -> None:
        """Create the mailbox ``login``, or change its password."""
        self._folder(login, "INBOX")
        self._write_user(login.lower(), password)
        if self._process and login in self.users:
            wait_until(lambda: self._lets_in(login, password), what="a new password")
        self.users[login] = password
        for notify in self.on_users_changed:
            notify()

    def deliver(self, login: str, raw: bytes, folder: str = "INBOX") -> None:
        """Put a message into a folder, which is created when it is missing.

        The bytes are kept as they are, unlike through SMTP. Messages get their
        numbers in the order of the calls: Dovecot goes by the time in the file name.
        """
        maildir = self._folder(login, folder)
        moment = time.time_ns() // 1000
        number = next(self._delivered)
        name = (
            f"{moment // 1_000_000}.M{moment % 1_000_000:06d}P{os.getpid()}"
            f"Q{number:08d}.rig"
        )
        unfinished = maildir / "tmp" / name
        unfinished.write_bytes(raw)
        self._give(unfinished)
        unfinished.rename(maildir / "new" / name)

    def fill(self, login: str, raw: bytes, count: int) -> None:
        """Put many copies of a message that was read into INBOX, quickly: as links."""
        maildir = self._folder(login, "INBOX")
        cur = maildir / "cur"
        names = [f"1.M{n:08d}.rig,S={len(raw)}:2,S" for n in range(count)]
        for start in range(0, count, LINKS):
            first, *others = names[start : start + LINKS]
            (cur / first).write_bytes(raw)
            self._give(cur / first)
            for name in others:
                os.link(cur / first, cur / name)

    def messages(self, login: str, folder: str = "INBOX") -> list[bytes]:
        """Return the folder's messages as they lie on disk, oldest first."""
        return [path.read_bytes() for path in self._files(login, folder)]

    def flags(self, login: str, folder: str = "INBOX") -> list[str]:
        """Return each message's Maildir flags, oldest first: "S" seen, "T" deleted."""
        return [path.name.partition(":2,")[2] for path in self._files(login, folder)]

    def empty(self, login: str) -> None:
        """Remove all mail and all folders of ``login``, as if it was new.

        Whoever is connected to the mailbox will be cut: its indexes go as well.
        """
        home = self._home(login)
        shutil.rmtree(home, ignore_errors=True)
        self._folder(login, "INBOX")

    def _files(self, login: str, folder: str) -> list[Path]:
        """Return the files of a folder's messages, oldest first."""
        maildir = self._maildir(login, folder)
        found = [*maildir.glob("new/*"), *maildir.glob("cur/*")]
        return sorted(found, key=lambda path: path.name)

    def _folder(self, login: str, folder: str) -> Path:
        """Return the Maildir of a folder, created when it is missing."""
        maildir = self._maildir(login, folder)
        if not maildir.is_dir():
            for name in ("cur", "new", "tmp"):
                (maildir / name).mkdir(parents=True, exist_ok=True)
            if maildir.name != "Maildir":
                (maildir / "maildirfolder").touch()
            home = self._home(login)
            for path in [home.parent, home, *home.rglob("*")]:
                self._give(path)
        return maildir

    def _maildir(self, login: str, folder: str) -> Path:
        """Return where a folder lies: Maildir++ puts all beside INBOX, dot-joined."""
        inbox = self._home(login) / "Maildir"
        return inbox if folder == "INBOX" else inbox / f".{folder.replace('/', '.')}"

    def _home(self, login: str) -> Path:
        return self.directory / "mail" / login.lower()

    def _give(self, path: Path) -> None:
        """Hand a file or folder to the user under which Dovecot reads mail."""
        if os.geteuid() == 0:
            with contextlib.suppress(FileNotFoundError):
                os.chown(path, self._owner.uid, self._owner.gid)

    def _write_user(self, login: str, password: str) -> None:
        """Write the password file of one user, in one move as it is read at any time.

        One file a user: Dovecot looks at most once a second whether a file that it
        knows has changed, but opens a new one at once.
        """
        owner = f"{self._owner.uid}:{self._owner.gid}"
        secret = base64.b64encode(password.encode()).decode()
        entry = f"{login}:{{PLAIN.b64}}{secret}:{owner}::{self._home(login)}::\n"
        folder = self.directory / "users"
        folder.mkdir(exist_ok=True)
        unfinished = self.directory / "user.unfinished"
        unfinished.write_text(entry, encoding="utf-8")
        unfinished.chmod(0o644)
        # A change counts when the file's time in whole seconds is another one.
        moment = next(self._written)
        os.utime(unfinished, (moment, moment))
        unfinished.replace(folder / login)

    def _configuration(self) -> str:
        """Return dovecot.conf for the ports of this instance."""
        process_users = ""
        if os.geteuid() != 0:
            name = pwd.getpwuid(os.geteuid()).pw_name
            process_users = (
                f"default_internal_user = {name}\ndefault_login_user = {name}\n"
                f"default_internal_group = {_group_name()}\n"
                "service anvil {\n  chroot =\n}\n"
            )
        values = {
            **vars(self),
            "process_users": process_users,
            "token_mechanism": "xoauth2" if self.tokeninfo_url else "",
            "token_passdb": self._token_passdb() if self.tokeninfo_url else "",
        }
        return CONFIGURATION.format(**values)

    def _token_passdb(self) -> str:
        """Write down whom to ask about tokens, and return how to find that."""
        settings = TOKEN_CONFIGURATION.format(tokeninfo_url=self.tokeninfo_url)
        (self.directory / "oauth2.conf").write_text(settings, encoding="utf-8")
        return TOKEN_PASSDB.format(directory=self.directory)

    def _lets_in(self, login: str, password: str) -> bool:
        """Return whether ``password`` is the one that Dovecot knows."""
        client = imaplib.IMAP4(self.host, self.imap_port)
        try:
            # LOGIN takes ASCII only; PLAIN is UTF-8 (RFC 4616).
            plain = f"\0{login}\0{password}".encode()
            client.authenticate("PLAIN", lambda challenge: plain)
        except imaplib.IMAP4.error:
            return False
        finally:
            client.shutdown()
        return True

    def _greets(self) -> bool:
        """Return whether every listener answers."""
        plain = greeting(self.imap_port).startswith(b"* OK") and greeting(
            self.pop3_port
        ).startswith(b"+OK")
        if not plain or not greeting(self.lmtp_port).startswith(b"220"):
            return False
        return all(map(accepts, (self.imaps_port, self.pop3s_port, self.sasl_port)))


def _mail_owner() -> _Owner:
    """Return the owner of the mailboxes: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return _Owner(os.geteuid(), os.getegid())
    entry = pwd.getpwnam(MAIL_USER)
    return _Owner(entry.pw_uid, entry.pw_gid)


def _group_name() -> str:
    """Return the name of our own group."""
    return grp.getgrgid(os.getegid()).gr_name
