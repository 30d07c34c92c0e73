"""What the live tests share: servers of Odoo that point at the rig's."""

from contextlib import contextmanager
from email.message import EmailMessage

# Stands for what a library does in seconds with a hostile message: it is at work when
# we find it there, and kill Odoo as the kernel does that runs out of memory.
DEADLY = "Deadly"
STAY_AT_WORK = f"""
    CREATE FUNCTION stay_at_work() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.subject = '{DEADLY}' THEN PERFORM pg_sleep(120); END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER stay_at_work BEFORE INSERT ON grievance_ticket
        FOR EACH ROW EXECUTE FUNCTION stay_at_work();
"""
AT_WORK = """
    SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event = 'PgSleep'
"""


def letter(subject, message_id="<1@home.example>", body="Dark for weeks.\n"):
    """Return the bytes of a plain letter."""
    message = EmailMessage()
    message["From"] = "Amina <amina@home.example>"
    message["To"] = "grievances@city.example"
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message.set_content(body)
    return message.as_bytes()


def incoming(env, mailbox, kind, security, **values):
    """Return an incoming server of Odoo for a mailbox of the rig's Dovecot.

    :param kind: ``imap`` or ``pop``
    :param security: ``none``, ``starttls`` or ``ssl``
    """
    return env["fetchmail.server"].create(
        {
            "name": f"{kind} {security}",
            "server_type": kind,
            "server": "localhost",
            "port": mailbox.server.port_of(kind, tls=security == "ssl"),
            "connection_security": security,
            "user": mailbox.address,
            "password": mailbox.password,
            "object_id": env["ir.model"]._get_id("grievance.ticket"),
            **values,
        }
    )


def incoming_at(env, kind, port, **values):
    """Return a confirmed incoming server for whoever listens on a port of ours."""
    return env["fetchmail.server"].create(
        {
            "name": f"{kind} on {port}",
            "server_type": kind,
            "server": "127.0.0.1",
            "port": port,
            "connection_security": "none",
            "user": "grievances",
            "password": "secret",
            "object_id": env["ir.model"]._get_id("grievance.ticket"),
            "state": "done",
            **values,
        }
    )


@contextmanager
def committing(odoo_case, records):
    """Yield ``records`` with a cursor whose commits are savepoints of the test."""
    with odoo_case.enter_registry_test_mode(), odoo_case.registry.cursor() as cr:
        yield records.with_env(records.env(cr=cr))
    odoo_case.env.invalidate_all()


def fetch(odoo_case, server):
    """Fetch as the cron does; return the exception, if there was one."""
    with committing(odoo_case, server) as server:
        return server._fetch_mail()


def process(odoo_case):
    """Process the journal as the cron does."""
    with committing(odoo_case, odoo_case.env["mail.gateway.inbound"]) as journal:
        journal._process_queue()


def rows_of(server):
    """Return the journal rows of a mailbox, oldest first."""
    domain = [("server_id", "=", server.id)]
    return server.env["mail.gateway.inbound"].search(domain, order="id")
