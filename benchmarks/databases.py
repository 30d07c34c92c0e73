"""The databases that are compared: stock Odoo and ours, otherwise alike."""

from dev import database
from dev.environment import Environment
from dev.paths import ROOT
from dev.steps import step

ADDONS = ROOT / "benchmarks" / "addons"
PARTNERS = 20_000
SOURCES = {"stock": database.BASE, "ours": database.TEMPLATE}

PREPARE = """
env["mail.alias.domain"].create({"name": "bench.example"})
model = env["ir.model"]._get("bench.ticket")
alias = env["mail.alias"].create(
    {"alias_name": "tickets", "alias_model_id": model.id}
)
# As after the first message to it, which changes this one row: of two workers that
# begin at the same moment, one would begin anew.
alias.alias_status = "valid"
alias.flush_recordset()
env["fetchmail.server"].create(
    {
        "name": "Bench",
        "server_type": "imap",
        "server": "127.0.0.1",
        "port": 1,
        "is_ssl": False,
        "user": "tickets@bench.example",
        "password": "secret",
        "object_id": model.id,
        "state": "done",
    }
)
kept = env.ref("mail.ir_cron_mail_gateway_action")
others = env["ir.cron"].search([("id", "!=", kept.id)])
others.filtered(lambda cron: "Process Inbound" not in cron.name).active = False
env.cr.execute(
    '''INSERT INTO res_partner (name, complete_name, email, email_normalized, active,
                                type, create_uid, write_uid)
       SELECT name, name, name || '@home.example', name || '@home.example', true,
              'contact', 1, 1
         FROM (SELECT 'p' || n AS name FROM generate_series(1, %s) AS n) AS names''',
    [PARTNERS],
)
env.cr.commit()
env.cr._cnx.autocommit = True
env.cr.execute("VACUUM ANALYZE")
"""

# Half are notifications of records to a contact, half plain mails as of a template;
# neither is kept once it is sent, which is Odoo's default for both.
QUEUE = """
paragraph = "<p>The lamp in our street has been dark for weeks; please repair it.</p>"
body = Markup(paragraph * 30)
contacts = env["res.partner"].search([("name", "=like", "p%")], limit=COUNT)
env["ir.mail_server"].create(
    {
        "name": "Sink",
        "smtp_host": "127.0.0.1",
        "smtp_port": 1,
        "smtp_encryption": "none",
        "smtp_authentication": "login",
    }
)
tickets = env["bench.ticket"].with_context(mail_create_nolog=True).create(
    [{"name": f"Ticket {number}"} for number in range(COUNT)]
)
for number, (ticket, contact) in enumerate(zip(tickets, contacts, strict=True)):
    if number % 2:
        env["mail.mail"].create(
            {
                "subject": ticket.name,
                "body_html": body,
                "email_to": contact.email,
                "model": "bench.ticket",
                "res_id": ticket.id,
                "auto_delete": True,
            }
        )
    else:
        ticket.with_context(mail_notify_force_send=False).message_post(
            body=body,
            subject=ticket.name,
            partner_ids=contact.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
    if number % 100 == 0:
        env.cr.commit()
found = env["mail.mail"].search_count([("state", "=", "outgoing")])
assert found == COUNT, f"{found} mails are queued"
env.cr.commit()
env.cr._cnx.autocommit = True
env.cr.execute("VACUUM ANALYZE")
"""
QUEUED = "_queued"


def options(environment: Environment, name: str) -> dict[str, str]:
    """Return Odoo's options for a database; stock Odoo does not even see our addons."""
    paths = [*environment.odoo_addons_paths, ADDONS]
    if "ours" in name:
        paths.append(ROOT)
    return {
        **environment.odoo_options(name),
        "addons_path": ",".join(map(str, paths)),
        "log_level": "error",
    }


def make_originals(environment: Environment) -> None:
    """Make the two databases that every run copies."""
    for variant, source in SOURCES.items():
        name = original(variant)
        log = environment.state / "logs" / "benchmarks.log"
        with step(f"database for {variant}", log) as making:
            environment.cluster.copy_database(source, name)
            configuration = environment.write_configuration(
                environment.state / f"{name}.conf", options(environment, name)
            )
            odoo = [environment.python, "-m", "odoo"]
            quiet = ["-c", configuration, "--no-http"]
            making.run([*odoo, *quiet, "-i", "bench_ticket", "--stop-after-init"])
            script = f"PARTNERS = {PARTNERS}\n{PREPARE}"
            shell = [*odoo, "shell", *quiet, "--shell-interface=python"]
            making.run(shell, stdin=script)


def queue_mails(environment: Environment, count: int) -> None:
    """Make a copy of each original with so many mails in its queue."""
    log = environment.state / "logs" / "benchmarks.log"
    for variant in SOURCES:
        name = original(variant) + QUEUED
        with step(f"{count} mails for {variant}", log) as making:
            environment.cluster.copy_database(original(variant), name)
            configuration = environment.write_configuration(
                environment.state / f"{name}.conf", options(environment, name)
            )
            script = f"from markupsafe import Markup\nCOUNT = {count}\n{QUEUE}"
            odoo = [environment.python, "-m", "odoo", "shell", "-c", configuration]
            flags = ["--no-http", "--shell-interface=python"]
            making.run([*odoo, *flags], stdin=script)


def original(variant: str) -> str:
    """Return the name of the database that a variant's runs are copies of."""
    return f"mgp_bench_{variant}"


def copy(environment: Environment, variant: str, suffix: str = "") -> str:
    """Return the name of a fresh copy of an original, or of what was made of it."""
    name = f"{original(variant)}_run"
    environment.cluster.copy_database(original(variant) + suffix, name)
    return name
