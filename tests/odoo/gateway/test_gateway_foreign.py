"""Mail becomes records of types that we did not write: Odoo's leads and tasks."""

from foreign_case import mailbox, take_in
from gateway_case import letter

from odoo.fields import Command


def test_letter_becomes_a_lead_with_the_sender_as_contact(foreign):
    amina = foreign["res.partner"].create(
        {"name": "Amina Diallo", "email": "amina@home.example", "phone": "+223 1234"}
    )
    server = mailbox(foreign, "crm.lead")

    rows = take_in(
        foreign,
        server,
        letter("Offer wanted", "<lead@home.example>", body="Please call me.\n"),
        letter("Other", "<new@new.example>", sender="Rosa <rosa@new.example>"),
    )

    assert rows.mapped("state") == ["done", "done"]
    known, unknown = foreign["crm.lead"].browse(rows.mapped("res_id"))
    assert rows[0].res_model == "crm.lead"
    assert (known.name, known.partner_id) == ("Offer wanted", amina)
    assert known.email_from.endswith("amina@home.example>")
    assert known.phone == amina.phone
    assert "Please call me." in known.message_ids.mapped("body")[-1]
    assert "rosa@new.example" in unknown.email_from
    assert not unknown.partner_id


def test_reply_joins_its_lead(foreign):
    server = mailbox(foreign, "crm.lead")
    [first] = take_in(foreign, server, letter("Offer", "<offer@home.example>"))

    [reply] = take_in(
        foreign,
        server,
        letter(
            "Re: Offer",
            "<offer-2@home.example>",
            body="One more thing.\n",
            In_Reply_To="<offer@home.example>",
        ),
    )

    assert (reply.res_model, reply.res_id) == ("crm.lead", first.res_id)
    lead = foreign["crm.lead"].browse(first.res_id)
    assert "One more thing." in "".join(lead.message_ids.mapped("body"))


def test_letter_to_a_projects_alias_becomes_a_task_of_it(foreign):
    domain = foreign["mail.alias.domain"].search([], limit=1)
    domain = domain or domain.create({"name": "city.example"})
    foreign.company.alias_domain_id = domain
    project = foreign["project.project"].create(
        {
            "name": "Roads",
            "alias_name": "roads",
            "type_ids": [Command.create({"name": "New"})],
        }
    )
    address = project.alias_id.alias_full_name
    raw = letter("Pothole", "<hole@home.example>").replace(
        b"grievances@city.example", address.encode()
    )

    [row] = take_in(foreign, mailbox(foreign), raw)

    assert row.state == "done", row.reason
    task = foreign["project.task"].browse(row.res_id)
    assert (row.res_model, task.name) == ("project.task", "Pothole")
    assert task.project_id == project


def test_parked_letter_is_made_a_task_or_a_minimal_lead_or_attached(foreign):
    server = mailbox(foreign)
    rows = take_in(
        foreign,
        server,
        letter("Bench", "<bench@home.example>"),
        letter("Light", "<light@home.example>"),
        letter("Light again", "<light-2@home.example>"),
    )
    assert set(rows.mapped("state")) == {"quarantined"}
    types = dict(foreign["mail.gateway.inbound"]._record_types())
    assert {"crm.lead", "project.task"} <= types.keys()
    bench, light, again = rows

    bench._process_by_order(foreign["project.task"], "Made a task")
    light._make_minimal_by_order("crm.lead", "Made a lead")
    lead = foreign["crm.lead"].browse(light.res_id)
    again._process_by_order(lead, "Attached")

    assert set(rows.mapped("state")) == {"done"}
    assert foreign["project.task"].browse(bench.res_id).name == "Bench"
    assert lead.name == "Light"
    assert "amina@home.example" in lead.email_from
    assert (again.res_model, again.res_id) == ("crm.lead", lead.id)


def test_deadlines_count_working_time_where_there_is_a_calendar(foreign):
    """project brings ``resource``, and with it the company's working hours."""
    company = foreign.company
    company.grievance_working_time = True
    company.resource_calendar_id.tz = "UTC"

    ticket = foreign["grievance.ticket"].create(
        # a Friday; 72 hours of work are nine days of eight hours
        {"subject": "Bench", "severity": "high", "received_at": "2026-03-06 08:00:00"}
    )

    assert f"{ticket.resolve_by:%Y-%m-%d}" == "2026-03-18"
