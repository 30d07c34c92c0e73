"""The providers that come with the addon: whole, consistent, each with its source."""

import datetime
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from mgp_core.protocols.endpoint import Security
from mgp_core.setup.hosts import is_private_host
from mgp_core.setup.preset import host_for, parse_ways
from mgp_core.setup.settings import PORT_SECURITY, Protocol

DATA = Path(__file__).resolve().parents[2] / "mail_gateway_plus" / "data"
FILES = sorted(DATA.glob("mail_gateway_preset_*_data.xml"))


def records(model):
    """Return each record of a model as a dictionary of its fields."""
    found = []
    for path in FILES:
        for record in ElementTree.parse(path).getroot().iter("record"):
            if record.get("model") == model:
                found.append(
                    {
                        "id": record.get("id"),
                        **{
                            field.get("name"): field.get("eval")
                            or field.get("ref")
                            or (field.text or "")
                            for field in record.iter("field")
                        },
                    }
                )
    return found


PRESETS = records("mail.gateway.preset")
REGIONS = records("mail.gateway.preset.region")
HALVES = [
    (preset, protocol)
    for preset in PRESETS
    for protocol in Protocol
    if f"{protocol.value}_ways" in preset
]

each_preset = pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p["code"])
each_half = pytest.mark.parametrize(
    "preset, protocol", HALVES, ids=[f"{p['code']}-{k.value}" for p, k in HALVES]
)

# What people look for, who set mail up by the manuals of several products.
LOOKED_FOR = {
    *("gmail", "google_workspace", "google_relay", "microsoft365", "outlook"),
    *("yahoo", "aol", "icloud", "zoho", "fastmail", "ses", "sendgrid", "mailgun"),
    *("postmark", "mailjet", "brevo", "sparkpost", "mandrill", "ovh", "infomaniak"),
    *("proton", "gmx", "webde", "ionos", "tonline", "strato", "posteo", "gandi"),
    *("orange", "free", "yandex", "mailru", "qq", "netease163", "naver", "smtp2go"),
    *("mailersend", "resend", "mailtrap", "elastic", "own_exchange", "own_postfix"),
    *("own_relay", "microsoft365_direct", "proton_bridge", "ovh_exchange", "ovh_pro"),
    *("zoho_pro", "postmark_broadcast"),
}


def test_every_provider_that_people_look_for_is_there():
    assert {preset["code"] for preset in PRESETS} >= LOOKED_FOR


@pytest.mark.parametrize("field", ["id", "code", "name", "sequence"])
def test_presets_are_told_apart(field):
    values = [preset[field] for preset in PRESETS]

    assert len(values) == len(set(values))


def test_updates_leave_the_data_alone():
    assert FILES
    for path in FILES:
        assert ElementTree.parse(path).getroot().get("noupdate") == "1"


@each_preset
def test_preset_is_shipped_and_says_where_it_was_read(preset):
    assert preset["is_shipped"] == "True"
    assert preset["source"]
    if "checked_on" in preset:
        read = datetime.date.fromisoformat(preset["checked_on"])
        assert datetime.date(2026, 1, 1) <= read <= datetime.date.today()
    else:
        assert "not compared" in preset["source"]


@each_half
def test_ports_and_encryption_fit(preset, protocol):
    for way in parse_ways(preset[f"{protocol.value}_ways"]):
        expected = PORT_SECURITY[protocol].get(way.port)
        if way.security is Security.NONE:
            assert preset["code"] == "own_relay"
        elif expected:
            assert way.security is expected
        else:
            assert preset["code"] == "proton_bridge", "an unusual port"


@each_half
def test_ways_are_named_once(preset, protocol):
    ways = parse_ways(preset[f"{protocol.value}_ways"])

    assert ways and len(set(ways)) == len(ways)


@each_half
def test_hosts_are_spelled_as_hosts(preset, protocol):
    template = preset.get(f"{protocol.value}_host", "")
    if preset["kind"] == "own":
        assert not template
        return
    assert set(re.findall(r"{(\w+)}", template)) <= {"region", "domain"}
    for region in regions_of(preset) or [""]:
        host = host_for(template, region, "city.example")
        assert re.fullmatch(r"([a-z0-9-]+\.)+[a-z0-9]+", host)
        assert not is_private_host(host) or preset["code"] == "proton_bridge"


@each_preset
def test_regions_are_there_where_a_host_needs_them(preset):
    needs = "{region}" in preset.get("smtp_host", "")

    assert bool(regions_of(preset)) == needs


@each_preset
def test_fixed_user_name_is_there_where_it_is_expected(preset):
    is_fixed = preset.get("smtp_user_form") == "literal"

    assert bool(preset.get("smtp_user_literal")) == is_fixed


def test_domain_belongs_to_one_provider():
    domains = [one for preset in PRESETS for one in preset.get("domains", "").split()]

    assert len(domains) == len(set(domains))
    for domain in domains:
        assert re.fullmatch(r"([a-z0-9-]+\.)+[a-z]+", domain)


def test_mail_exchangers_lead_to_one_provider():
    patterns = [
        one for preset in PRESETS for one in preset.get("mx_patterns", "").split()
    ]

    for one in patterns:
        assert not [o for o in patterns if o is not one and o.endswith(f".{one}")]
    assert len(patterns) == len(set(patterns))


@each_preset
def test_limits_are_not_contradictory(preset):
    per_day = int(preset.get("messages_per_day", 0))
    per_hour = int(preset.get("messages_per_hour", 0))

    assert not per_day or not per_hour or per_day >= per_hour
    assert 0 <= float(preset.get("max_size_mb", 0)) <= 150


@each_preset
def test_every_provider_but_ones_own_has_a_host_to_send_through(preset):
    assert ("smtp_host" in preset) == (preset["kind"] != "own")


def regions_of(preset):
    return [r["code"] for r in REGIONS if r["preset_id"] == preset["id"]]


@pytest.mark.parametrize(
    "code, include, selector",
    [
        ("google_workspace", "_spf.google.com", "google"),
        ("microsoft365", "spf.protection.outlook.com", "selector1"),
        ("fastmail", "spf.messagingengine.com", "fm1"),
    ],
)
def test_what_customers_publish_is_known_of_the_large_ones(code, include, selector):
    (preset,) = [preset for preset in PRESETS if preset["code"] == code]

    assert preset["spf_include"] == include
    assert selector in preset["dkim_selectors"].split()
