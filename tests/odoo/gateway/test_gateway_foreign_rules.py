"""Rules, merges and late replies with record types of Odoo: leads and tasks."""

from datetime import timedelta

import pytest
from foreign_case import mailbox, take_in
from gateway_case import letter

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user


def rule(env, name, subject, model, values, **options):
    """Return a rule for letters whose subject contains a text.

    :param values: pairs of a field and a record, or the text of its template
    """
    lines = []
    for field_name, wanted in values:
        field = env["ir.model.fields"]._get(model, field_name)
        is_text = isinstance(wanted, str)
        lines.append(
            Command.create(
                {
                    "field_id": field.id,
                    "template": wanted if is_text else False,
                    "record": False if is_text else f"{wanted._name},{wanted.id}",
                }
            )
        )
    condition = {"aspect": "subject", "operator": "contains", "value": subject}
    return env["mail.gateway.rule"].create(
        {
            "name": name,
            "condition_ids": [Command.create(condition)],
            "action": "create",
            "record_type": model,
            "value_ids": lines,
            **options,
        }
    )


def test_rule_makes_a_lead_with_team_person_tags_stage_and_priority(foreign):
    ann = new_test_user(foreign, "ann", groups="sales_team.group_sale_salesman")
    team = foreign["crm.team"].create({"name": "Roads"})
    tags = foreign["crm.tag"].create([{"name": "Mail"}, {"name": "Urgent"}])
    stage = foreign["crm.stage"].create({"name": "Looked at", "sequence": 7})
    rule(
        foreign,
        "Offers",
        "offer",
        "crm.lead",
        [
            ("name", "{{ sender_name }}: {{ subject }}"),
            ("type", "opportunity"),
            ("user_id", ann),
            ("team_id", team),
            ("tag_ids", tags[0]),
            ("tag_ids", "Urgent"),
            ("stage_id", "Looked at"),
            ("priority", "High"),
            ("expected_revenue", "1250.50"),
        ],
    )

    [row] = take_in(foreign, mailbox(foreign, "project.task"), letter("An offer"))

    assert (row.state, row.res_model) == ("done", "crm.lead"), row.reason
    lead = foreign["crm.lead"].browse(row.res_id)
    assert (lead.name, lead.type) == ("Amina: An offer", "opportunity")
    assert (lead.user_id, lead.team_id, lead.stage_id) == (ann, team, stage)
    assert lead.tag_ids == tags
    assert (lead.priority, lead.expected_revenue) == ("2", 1250.5)
    assert "could not" not in row.route_notes


def test_rule_makes_a_task_of_a_project_for_two_people(foreign):
    people = [new_test_user(foreign, name) for name in ("ann", "bob")]
    tag = foreign["project.tags"].create({"name": "Night"})
    domain = foreign["mail.alias.domain"].search([], limit=1)
    domain = domain or domain.create({"name": "city.example"})
    foreign.company.alias_domain_id = domain
    project = foreign["project.project"].create(
        {
            "name": "Lights",
            "alias_name": "lights",
            "type_ids": [Command.create({"name": "Reported"})],
        }
    )
    rule(
        foreign,
        "Lights",
        "light",
        "project.task",
        [
            ("project_id", project),
            ("stage_id", project.type_ids),
            ("user_ids", people[0]),
            ("user_ids", people[1]),
            ("tag_ids", tag),
            ("priority", "1"),
            ("date_deadline", "2026-12-24 12:00:00"),
        ],
    )

    [row] = take_in(foreign, mailbox(foreign, "crm.lead"), letter("Broken light"))

    assert (row.state, row.res_model) == ("done", "project.task"), row.reason
    task = foreign["project.task"].browse(row.res_id)
    assert (task.name, task.project_id) == ("Broken light", project)
    assert task.stage_id == project.type_ids
    assert task.user_ids == people[0] | people[1]
    assert (task.tag_ids, task.priority) == (tag, "1")
    assert str(task.date_deadline) == "2026-12-24 12:00:00"


def test_project_without_an_address_is_told_while_the_rule_is_written(foreign):
    project = foreign["project.project"].create({"name": "Lights"})

    with pytest.raises(ValidationError, match="that have an e-mail alias"):
        rule(foreign, "Lights", "light", "project.task", [("project_id", project)])


def test_values_are_added_where_the_mailbox_chooses_the_type(foreign):
    tag = foreign["crm.tag"].create({"name": "Mail"})
    values = [("tag_ids", tag), ("priority", "High")]
    rule(foreign, "Tag", "offer", "crm.lead", values, action="go_on")

    [row] = take_in(foreign, mailbox(foreign, "crm.lead"), letter("An offer"))

    lead = foreign["crm.lead"].browse(row.res_id)
    assert (lead.name, lead.tag_ids, lead.priority) == ("An offer", tag, "2")


def test_dry_run_shows_that_a_lead_would_become_a_task(foreign):
    [row] = take_in(foreign, mailbox(foreign, "crm.lead"), letter("Broken light"))
    values = [("name", "Repair: {{ subject }}")]
    lights = rule(foreign, "Lights", "light", "project.task", values)
    tasks = foreign["project.task"].search_count([])

    run = foreign["mail.gateway.dry.run"].create({"rule_id": lights.id, "limit": 1})
    run.action_run()

    assert run.line_ids.inbound_id == row
    assert run.line_ids.would_be == "New: Task"
    assert foreign["project.task"].search_count([]) == tasks


@pytest.fixture
def leads(foreign):
    """Two leads by mail of the same person, and the mailbox."""
    server = mailbox(foreign, "crm.lead")
    rows = take_in(
        foreign,
        server,
        letter("Offer", "<offer@home.example>"),
        letter("The same offer", "<same@home.example>"),
    )
    return foreign["crm.lead"].browse(rows.mapped("res_id")), server


def sent_for(env, record, message_id):
    """Note that a mail, which Odoo has deleted since, was sent for a record."""
    env["mail.gateway.attempt"].create(
        {
            "server_name": "Relay",
            "message_id": message_id,
            "email_from": "bounce@city.example",
            "res_model": record._name,
            "res_id": record.id,
            "outcome": "accepted",
            "phase": "accepted",
        }
    )


def test_whatever_names_a_lead_that_was_merged_leads_to_the_one_it_became(
    foreign, leads
):
    (first, second), server = leads
    for lead in first | second:
        sent_for(foreign, lead, f"<{lead.id}.sent@city.example>")
    head = (first | second).merge_opportunity()
    tail = (first | second) - head
    assert not tail.exists()

    by_message, by_mail = take_in(
        foreign,
        server,
        letter("Re", "<r1@home.example>", In_Reply_To="<same@home.example>"),
        letter("Re", "<r2@home.example>", In_Reply_To=f"<{tail.id}.sent@city.example>"),
    )

    assert (by_message.res_model, by_message.res_id) == ("crm.lead", head.id)
    assert (by_mail.res_model, by_mail.res_id) == ("crm.lead", head.id)
    assert "merged into another one" in by_mail.route_notes


@pytest.mark.parametrize(("days", "is_new"), [(0, False), (30, False), (10, True)])
def test_late_reply_to_a_lost_lead_makes_a_new_one(foreign, leads, days, is_new):
    (lead, _other), server = leads
    lead.action_set_lost()
    lead.date_closed = fields.Datetime.now() - timedelta(days=20)
    model_id = foreign["ir.model"]._get_id("crm.lead")
    foreign["mail.gateway.closing"].create(
        {"model_id": model_id, "policy": "reopen", "days": days}
    )

    [row] = take_in(
        foreign,
        server,
        letter("Re: Offer", "<late@home.example>", In_Reply_To="<offer@home.example>"),
    )

    assert (row.state, row.res_model) == ("done", "crm.lead")
    assert (row.res_id != lead.id) is is_new
    assert lead.active is not is_new
    if is_new:
        new = foreign["crm.lead"].browse(row.res_id)
        assert "takes up what was closed" in "".join(new.message_ids.mapped("body"))
