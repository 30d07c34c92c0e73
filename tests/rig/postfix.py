"""A private Postfix: takes mail for the rig's domains, delivers through Dovecot."""

import itertools
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.debian_packages import root_prefix
from tests.rig.certificates import Certificate, CertificateAuthority
from tests.rig.dovecot import Dovecot
from tests.rig.processes import (
    ManagedProcess,
    RigError,
    accepts,
    find_program,
    free_port,
    greeting,
)

# Nothing leaves the machine: no DNS, no relay host. What somebody who is logged in
# sends to another domain goes to Dovecot as well, which knows no such user: the sender
# gets a bounce later, as from a real provider.
MAIN = {
    "compatibility_level": "3.6",
    "mail_owner": "postfix",
    "setgid_group": "postdrop",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "mydestination": "",
    "mynetworks": "",
    "local_recipient_maps": "",
    "local_transport": "error:there are no local mailboxes",
    "alias_maps": "",
    "alias_database": "",
    "default_transport": "lmtp:inet:127.0.0.1:{lmtp_port}",
    "relay_transport": "error:5.1.2 no mail leaves the test rig",
    "relayhost": "",
    "disable_dns_lookups": "yes",
    "smtp_host_lookup": "native",
    "smtpd_peername_lookup": "no",
    "append_dot_mydomain": "no",
    "recipient_delimiter": "+",
    "virtual_transport": "lmtp:inet:127.0.0.1:{lmtp_port}",
    "smtpd_relay_restrictions": "reject_unauth_destination",
    "smtpd_recipient_restrictions": "",
    "smtpd_tls_security_level": "may",
    "smtpd_sasl_type": "dovecot",
    "smtpd_sasl_path": "inet:127.0.0.1:{sasl_port}",
    "smtpd_sasl_security_options": "noanonymous",
    # Tests come in bursts from one address and fail on purpose.
    "smtpd_client_connection_count_limit": "0",
    "smtpd_error_sleep_time": "0",
    "smtpd_hard_error_limit": "1000",
    "smtpd_soft_error_limit": "1000",
    "in_flow_delay": "0",
    "minimal_backoff_time": "5s",
    "maximal_backoff_time": "10s",
    "queue_run_delay": "5s",
}

WITH_LOGIN = (
    "-o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes"
    " -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"
)

MASTER = """
127.0.0.1:{smtp_port} inet n - n - - smtpd -o syslog_name=postfix/internet
127.0.0.1:{submission_port} inet n - n - - smtpd -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt {with_login}
127.0.0.1:{smtps_port} inet n - n - - smtpd -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes {with_login}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """One Postfix on free ports of 127.0.0.1.

    * ``smtp_port``: what the internet sees: no login, mail for ``domains`` only.
    * ``submission_port`` (STARTTLS) and ``smtps_port`` (TLS at once): for Dovecot's
      users with their passwords. Mail to other domains is taken and bounces.

    An address of ``domains`` exists when it is a login of Dovecot's or in ``aliases``
    ("@city.example" as an alias catches all other addresses of the domain).
    ``settings`` are further lines of main.cf, such as message_size_limit.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        directory: Path,
        ca: CertificateAuthority,
        dovecot: Dovecot,
        domains: Sequence[str],
        aliases: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        self.directory = directory
        self.dovecot = dovecot
        self.domains = list(domains)
        self.aliases = dict(aliases or {})
        self.settings = dict(settings or {})
        self.certificate = certificate or ca.issue("localhost", "127.0.0.1")
        self.smtp_port = free_port()
        self.submission_port = free_port()
        self.smtps_port = free_port()
        self.log_path = directory / "postfix.log"
        self._generation = itertools.count(1)
        self._process: ManagedProcess | None = None

    @property
    def configuration(self) -> Path:
        """Return the folder of main.cf."""
        return self.directory / "conf"

    def start(self) -> "Postfix":
        """Start the server and return it once all its listeners answer."""
        as_root = root_prefix()
        if as_root is None:
            raise RigError("Postfix needs root or sudo without a password")
        self._make_folders(as_root)
        self._write_configuration()
        self._write_recipients()
        # Made by root's "postfix check" it would be root's, and closed to us.
        self.log_path.touch()
        self.dovecot.on_users_changed.append(self._write_recipients)
        self._make_queue(as_root)
        master = Path(self._setting("daemon_directory")) / "master"
        self._process = ManagedProcess(
            "Postfix",
            # Not "postfix start-fg": that puts the server into a group of its own,
            # where stopping our process does not reach it. -d keeps it in this one.
            [*as_root, master, "-c", self.configuration, "-d"],
            self.log_path,
        )
        self._process.start(ready=self._greets)
        return self

    def stop(self) -> None:
        """Stop the server; what is in its queue stays there."""
        if self._process:
            self.dovecot.on_users_changed.remove(self._write_recipients)
            self._process.stop()
            self._process = None

    def add_alias(self, address: str, target: str) -> None:
        """Deliver mail for ``address`` ("@domain": all others) to ``target``."""
        self.aliases[address] = target
        self._write_recipients()

    def log(self) -> str:
        """Return what the server has logged."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _make_folders(self, as_root: Sequence[str]) -> None:
        """Create the folders with the owners that Postfix insists on."""
        for name in ("conf", "queue", "data"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        root = [*as_root, "chown"]
        subprocess.run([*root, "root", str(self.directory / "queue")], check=True)
        subprocess.run([*root, "postfix", str(self.directory / "data")], check=True)

    def _make_queue(self, as_root: Sequence[str]) -> None:
        """Let Postfix create its queue's folders and check the configuration."""
        words = [*as_root, find_program("postfix"), "-c", str(self.configuration)]
        done = subprocess.run(
            [*words, "check"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RigError(f"Postfix refuses its configuration: {done.stderr.strip()}")

    def _setting(self, name: str) -> str:
        """Return what Postfix was built or configured with."""
        words = [find_program("postconf"), "-c", str(self.configuration), "-h", name]
        return subprocess.run(
            words, capture_output=True, text=True, check=True
        ).stdout.strip()

    def _write_configuration(self) -> None:
        """Write main.cf and master.cf for the ports of this instance."""
        ports = {
            "lmtp_port": self.dovecot.lmtp_port,
            "sasl_port": self.dovecot.sasl_port,
        }
        kind = _map_kind(self.configuration)
        settings = {
            **{name: value.format(**ports) for name, value in MAIN.items()},
            "queue_directory": self.directory / "queue",
            "data_directory": self.directory / "data",
            "maillog_file": self.log_path,
            "maillog_file_prefixes": self.directory,
            "myhostname": f"mail.{self.domains[0]}",
            "virtual_mailbox_domains": ", ".join(self.domains),
            "virtual_mailbox_maps": f"{kind}:{self.configuration / 'mailboxes'}",
            "virtual_alias_maps": f"{kind}:{self.configuration / 'aliases'}",
            "smtpd_tls_cert_file": self.certificate.cert_path,
            "smtpd_tls_key_file": self.certificate.key_path,
            **self.settings,
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        (self.configuration / "main.cf").write_text("\n".join([*lines, ""]))
        (self.configuration / "master.cf").write_text(
            MASTER.format(**vars(self), with_login=WITH_LOGIN)
        )

    def _write_recipients(self) -> None:
        """Write which addresses exist; the next connection sees it.

        A mailbox is an alias of itself too, or a domain's catch-all would take its
        mail: Postfix asks the alias table first.
        """
        mailboxes = [login.lower() for login in self.dovecot.users if "@" in login]
        own = {address: address for address in mailboxes}
        self._write_map("mailboxes", own)
        self._write_map("aliases", {**own, **self.aliases})

    def _write_map(self, name: str, entries: Mapping[str, str]) -> None:
        """Compile one lookup table and move it to its place.

        Running servers look whether the file that they have open is still there, and
        otherwise at its time in whole seconds: written in place, a table that changes
        twice a second would be taken for unchanged.
        """
        path = self.configuration / f"{name}-{next(self._generation)}"
        path.write_text("".join(f"{key} {value}\n" for key, value in entries.items()))
        kind = _map_kind(self.configuration)
        words = [find_program("postmap"), "-c", self.configuration, f"{kind}:{path}"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RigError(f"postmap {name}: {done.stderr.strip()}")
        for compiled in self.configuration.glob(f"{path.name}.*"):
            compiled.replace(self.configuration / f"{name}{compiled.suffix}")
        path.unlink()

    def _greets(self) -> bool:
        """Return whether every listener answers."""
        plain = (self.smtp_port, self.submission_port)
        greeted = all(greeting(port).startswith(b"220") for port in plain)
        return greeted and accepts(self.smtps_port)


def _map_kind(configuration: Path) -> str:
    """Return the kind of lookup table that this Postfix can compile."""
    words = [find_program("postconf"), "-c", str(configuration), "-m"]
    kinds = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return "lmdb" if "lmdb" in kinds.split() else "hash"
