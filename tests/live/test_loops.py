"""Two servers of Odoo that answer each other's mail automatically fall silent."""

import pytest

from tests.live.live_case import letter
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON, GatewayServer
from tests.rig.postfix import Postfix
from tests.rig.processes import wait_until

PASSWORD = "secret"
QUEUE_CRON = "mail.ir_cron_mail_scheduler_action"
FIRST, SECOND = "first@city.example", "second@home.example"
MOST_ROUNDS = 8
MOST_MAILS = 5
OPEN_ROWS = ("state", "in", ["pending", "retry"])
# What honest programs say of themselves. A bad one says nothing of it.
TELLING = "Auto-Submitted|In-Reply-To|References|X-Mail-Gateway-Origin|Precedence"


class Office:
    """An Odoo with one mailbox of grievances, and a way to the other's."""

    def __init__(self, odoo, dovecot, relay, address):
        self.odoo, self.dovecot, self.address = odoo, dovecot, address
        mailbox = type("Mailbox", (), {"server": dovecot})()
        mailbox.address, mailbox.password = address, PASSWORD
        # Copies of one database have one name and one numbering, two real ones do not.
        odoo.call("ir.config_parameter", "set_param", ["database.uuid", address])
        odoo.add_mailbox(mailbox)
        odoo.call(
            "ir.mail_server",
            "create",
            [
                {
                    "name": "Relay",
                    "smtp_host": "localhost",
                    "smtp_port": relay.submission_port,
                    "smtp_encryption": "starttls_strict",
                    "smtp_user": address,
                    "smtp_pass": PASSWORD,
                    "from_filter": address,
                }
            ],
        )
        sequences = odoo.call(
            "ir.sequence", "search", [[("code", "=", "grievance.ticket")]]
        )
        prefix = {"prefix": f"{address[:1].upper()}RV/"}
        odoo.call("ir.sequence", "write", [sequences, prefix])

    def work(self):
        """Read the mailbox, make the tickets and send what there is to send."""
        self.odoo.wake(FETCH_CRON)
        wait_until(
            lambda: self.odoo.count("mail.gateway.inbound") >= self.mails,
            what="fetching",
        )
        self.odoo.wake(PROCESS_CRON)
        wait_until(
            lambda: not self.odoo.count("mail.gateway.inbound", OPEN_ROWS),
            what="processing the journal",
        )
        self.odoo.wake(QUEUE_CRON)
        wait_until(
            lambda: not self.odoo.count("mail.mail", ("state", "=", "outgoing")),
            what="sending",
            timeout=60,
        )

    @property
    def mails(self):
        return len(self.dovecot.messages(self.address))


@pytest.fixture(params=["honest", "silent about themselves"])
def offices(request, rig_directory, certificate_authority, dovecot):
    name = request.param.split()[0]
    directory = rig_directory / f"loops-{name}"
    directory.mkdir()
    for address in (FIRST, SECOND):
        dovecot.add_user(address, PASSWORD)
        dovecot.empty(address)
    settings = {}
    if name == "silent":
        checks = directory / "header_checks"
        checks.write_text(f"/^({TELLING}):/ IGNORE\n")
        settings["header_checks"] = f"regexp:{checks}"
    domains = ["city.example", "home.example"]
    relay = Postfix(
        directory, certificate_authority, dovecot, domains, settings=settings
    )
    relay.start()
    with (
        GatewayServer(
            directory / "a", f"mgp_loop_{name}_a", certificate_authority
        ) as a,
        GatewayServer(
            directory / "b", f"mgp_loop_{name}_b", certificate_authority
        ) as b,
    ):
        yield (
            Office(a, dovecot, relay, FIRST),
            Office(b, dovecot, relay, SECOND),
            name,
        )
    relay.stop()


def test_two_servers_that_answer_each_other_stop_within_five_mails(offices):
    # given a letter to the first that seems to come from the second's mailbox
    first, second, name = offices
    raw = letter("Broken street light").replace(b"amina@home.example", SECOND.encode())
    first.dovecot.deliver(FIRST, raw)

    # when both work as long as there is anything to answer
    seen = 0
    for _round in range(MOST_ROUNDS):
        if first.mails + second.mails == seen:
            break
        seen = first.mails + second.mails
        first.work()
        wait_until(lambda: second.mails >= 1, what="the first answer")
        second.work()

    # then they have stopped by themselves, and nothing was lost
    answers = first.mails + second.mails - 1
    assert 1 <= answers <= MOST_MAILS
    assert first.mails + second.mails == seen
    for office in (first, second):
        rows = office.odoo.count("mail.gateway.inbound", ("state", "=", "done"))
        assert (
            rows + office.odoo.count("mail.gateway.inbound", ("state", "=", "ignored"))
            == office.mails
        )
    if name == "honest":
        assert answers == 1
