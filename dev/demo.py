"""The main job in the open: a real letter becomes a ticket, and is answered.

Starts PostgreSQL, Dovecot, Postfix and Odoo, sets up both servers as an administrator
does in the web client, posts a grievance and prints what happens to it, with times.
"""

import argparse
import os
import smtplib
import sys
import time
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

from dev import database, environment
from dev.cleaning import remove_state
from dev.steps import plain_errors
from tests.rig.certificates import CertificateAuthority
from tests.rig.dovecot import Dovecot
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix
from tests.rig.processes import RigError, accepts, wait_until

DATABASE = "mgp_demo"
CITY, HOME = "city.example", "home.example"
INTAKE = f"grievances@{CITY}"
COMPLAINANT = f"amina@{HOME}"
PASSWORD = "demo"
PORT = 8069
STEP_SECONDS = 90

FETCH_CRON = "mail.ir_cron_mail_gateway_action"


class Trail:
    """Prints what happened, with the seconds since the letter was posted."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def restart(self) -> None:
        """Count from now on."""
        self._started = time.monotonic()

    def tell(self, text: str) -> None:
        """Print one line of the trail."""
        seconds = time.monotonic() - self._started
        print(f"  {time.strftime('%H:%M:%S')}  +{seconds:6.2f} s  {text}", flush=True)

    def when(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until ``condition()`` is true and return what it returned."""
        found: list[Any] = []

        def holds() -> bool:
            answer = condition()
            found[:] = [answer]
            return bool(answer)

        wait_until(holds, STEP_SECONDS, what)
        return found[0]


class Demo:
    """Servers, set-up and proof, in the order in which they are used."""

    def __init__(self, directory: Path, port: int) -> None:
        self.ca = CertificateAuthority(directory / "ca")
        users = {address: PASSWORD for address in (INTAKE, COMPLAINANT)}
        self.dovecot = Dovecot(directory / "dovecot", self.ca, users)
        self.postfix = Postfix(
            directory / "postfix", self.ca, self.dovecot, [CITY, HOME]
        )
        self.odoo = OdooServer(
            directory / "odoo",
            DATABASE,
            port,
            options={"max_cron_threads": "2"},
            environment={
                "SSL_CERT_FILE": str(self.ca.trusted_bundle()),
                # Crons that are due start at once instead of within the minute.
                "ODOO_NOTIFY_CRON_CHANGES": "1",
            },
        )
        self.trail = Trail()

    def start(self) -> None:
        """Start all servers."""
        for name, server in (
            ("Dovecot: IMAP and POP3", self.dovecot),
            ("Postfix: SMTP", self.postfix),
            ("Odoo 19 with both addons", self.odoo),
        ):
            started = time.monotonic()
            server.start()
            print(f"  {name} … {time.monotonic() - started:.1f} s", flush=True)

    def stop(self) -> None:
        """Stop all servers, the last started first."""
        for server in (self.odoo, self.postfix, self.dovecot):
            server.stop()

    # ---------------------------------------------------------------------- set up

    def set_up_servers(self) -> None:
        """Enter both servers and confirm them, with the web client's own calls."""
        self._enter_and_confirm(
            "ir.mail_server",
            "action_test_and_confirm",
            {
                "name": "City relay",
                "smtp_host": "localhost",
                "smtp_port": self.postfix.submission_port,
                "smtp_encryption": "starttls_strict",
                "smtp_authentication": "login",
                "smtp_user": INTAKE,
                "smtp_pass": PASSWORD,
                "from_filter": CITY,
            },
        )
        self._enter_and_confirm(
            "fetchmail.server",
            "button_confirm_login",
            {
                "name": "Grievance mailbox",
                "server_type": "imap",
                "server": "localhost",
                "port": self.dovecot.imaps_port,
                "connection_security": "ssl",
                "verify_certificate": True,
                "folder": "INBOX",
                "user": INTAKE,
                "password": PASSWORD,
                "object_id": self._find_id("ir.model", "model", "grievance.ticket"),
            },
        )

    def _enter_and_confirm(self, model: str, button: str, values: dict) -> None:
        specification: dict = {"state": {}}
        [record] = self.odoo.call(model, "web_save", [[], values, specification])
        before = record["state"]
        action = self.odoo.call(model, button, [[record["id"]]])
        [record] = self.odoo.call(model, "read", [[record["id"]], ["name", "state"]])
        self._expect(
            (before, record["state"]) == ("draft", "done"),
            f"{record['name']} is {record['state']} and not confirmed",
        )
        said = action["params"]["message"]
        print(f"  {record['name']}: Test & Confirm … confirmed. {said}", flush=True)

    def _find_id(self, model: str, field: str, value: str) -> int:
        [record_id] = self.odoo.call(model, "search", [[(field, "=", value)]])
        return record_id

    # ----------------------------------------------------------------------- proof

    def follow_a_letter(self) -> None:
        """Post one letter and print each station, up to the answer in its sender's
        mailbox; raise RigError where a station is not reached or reached twice."""
        trail = self.trail
        trail.restart()
        queue_id = self._post(_letter())
        trail.tell(f"Postfix accepted the letter, with an attachment ({queue_id})")
        trail.when(lambda: self.dovecot.messages(INTAKE), "delivery to the mailbox")
        trail.tell(f"Dovecot has it in the mailbox {INTAKE}")
        self.odoo.wake(FETCH_CRON)
        row = trail.when(self._journal_row, "a row in the journal")
        trail.tell(f"Odoo's cron fetched it; journaled, {row['size']} bytes committed")
        trail.when(lambda: self._journal_row()["acknowledged_at"], "acknowledging")
        self._expect(self.dovecot.flags(INTAKE) == ["S"], "the mailbox was not told")
        trail.tell("the mailbox was told: the message is marked as read")
        row = trail.when(self._settled_row, "processing")
        self._expect(row["state"] == "done", f"it is {row['state']}: {row['reason']}")
        [ticket] = self.odoo.call(
            "grievance.ticket",
            "read",
            [[row["res_id"]], ["number", "subject", "message_attachment_count"]],
        )
        trail.tell(
            f"ticket {ticket['number']} created: “{ticket['subject']}”,"
            f" {ticket['message_attachment_count']} attachment"
        )
        attempt = trail.when(self._attempt, "an attempt to send the answer")
        self._expect(attempt["outcome"] == "accepted", str(attempt["reply"]))
        trail.tell(
            f"Odoo sent the acknowledgement through {attempt['server_name']}"
            f" ({attempt['tls_version']}): {attempt['reply']}"
        )
        [reply] = trail.when(lambda: self.dovecot.messages(COMPLAINANT), "the answer")
        subject = message_from_bytes(reply, policy=default_policy)["Subject"]
        trail.tell(f"the complainant has the answer in {COMPLAINANT}: “{subject}”")
        self._expect(ticket["number"] in subject, "the answer lacks the number")
        self._expect_exactly_one()
        print("\n  One mail, one ticket, one reply.", flush=True)

    def _post(self, letter: EmailMessage) -> str:
        """Hand a letter to Postfix as another mail server does; return its words."""
        with smtplib.SMTP("127.0.0.1", self.postfix.smtp_port, timeout=30) as smtp:
            smtp.ehlo()
            smtp.mail(COMPLAINANT)
            smtp.rcpt(INTAKE)
            code, words = smtp.data(letter.as_bytes())
        self._expect(code == 250, f"Postfix refused the letter: {words!r}")
        return words.decode()

    def _journal_row(self) -> dict:
        fields = ["state", "reason", "size", "acknowledged_at", "res_id"]
        rows = self.odoo.call("mail.gateway.inbound", "search_read", [[], fields])
        return rows[0] if rows else {}

    def _settled_row(self) -> dict:
        row = self._journal_row()
        return {} if row["state"] in ("pending", "retry") else row

    def _attempt(self) -> dict:
        fields = ["outcome", "reply", "server_name", "tls_version"]
        # Written down as uncertain until the server has answered the last dot.
        answered = [("outcome", "!=", "uncertain")]
        rows = self.odoo.call("mail.gateway.attempt", "search_read", [answered, fields])
        return rows[0] if rows else {}

    def _expect_exactly_one(self) -> None:
        """Fetch once more and count: nothing may have come twice."""
        mailbox = self.odoo.call("fetchmail.server", "search", [[]])
        self.odoo.call("fetchmail.server", "fetch_mail", [mailbox])
        counts = {
            model: self.odoo.call(model, "search_count", [[]])
            for model in (
                "mail.gateway.inbound",
                "grievance.ticket",
                "mail.gateway.attempt",
            )
        }
        replies = len(self.dovecot.messages(COMPLAINANT))
        self._expect({*counts.values(), replies} == {1}, f"{counts}, {replies} replies")

    def _expect(self, condition: bool, otherwise: str) -> None:
        if not condition:
            raise RigError(otherwise)


def _letter() -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = f"Amina Diallo <{COMPLAINANT}>"
    letter["To"] = INTAKE
    letter["Subject"] = "Street light broken since March"
    letter["Message-ID"] = f"<street-light-{time.time_ns()}@{HOME}>"
    letter.set_content(
        "Good day,\n\nthe street light before 12 Garden Road is broken since March.\n"
        "My mother fell yesterday. A picture is attached.\n\nAmina Diallo\n"
    )
    picture = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944"
        "4154789c63606060000000040001f61738550000000049454e44ae426082"
    )
    letter.add_attachment(
        picture, maintype="image", subtype="png", filename="street.png"
    )
    return letter


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=os.environ.get("PORT") or PORT)
    port = parser.parse_args().port
    if accepts(port):
        raise RigError(f"port {port} is taken: choose another one with PORT=…")
    tree = environment.load()
    directory = tree.state / "demo"
    remove_state(directory)
    directory.mkdir()
    database.copy_for_run(tree, DATABASE)
    demo = Demo(directory, port)
    try:
        print("\nStarting the servers", flush=True)
        demo.start()
        print("\nSetting up as an administrator does", flush=True)
        demo.set_up_servers()
        print("\nFollowing a letter", flush=True)
        demo.follow_a_letter()
        if not os.environ.get("ONESHOT"):
            _stay_up(demo)
    finally:
        demo.stop()
    return 0


def _stay_up(demo: Demo) -> None:
    print(
        f"\n  {demo.odoo.url}  login admin, password admin\n"
        "  Developer mode shows Settings > Technical > Email;"
        f" the demo's mail goes to {INTAKE}.\n"
        f"  SMTP for more letters: 127.0.0.1:{demo.postfix.smtp_port}\n"
        "  Ctrl-C ends all.",
        flush=True,
    )
    try:
        while demo.odoo.is_running():
            time.sleep(1)
    except KeyboardInterrupt:
        print("\nStopping", flush=True)


if __name__ == "__main__":
    with plain_errors():
        try:
            sys.exit(main())
        except RigError as error:
            sys.exit(f"error: {error}")
