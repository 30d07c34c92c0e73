"""What people who set mail up look for, row by row, and the tests that prove it.

The rows are those of the overview of five products' documentation on setting mail up;
the numbers are the overview's. What a row asks for is said here in our own words.
"""

from dataclasses import dataclass

UNIT_LADDER = "unit/test_ladder.py"
LIVE_LADDER = "live/test_ladder.py"
LINTERS = "unit/test_linters.py"
CATALOGUE = "unit/test_catalogue.py::test_reply_gets_its_advice"
PRESETS = "odoo/gateway/test_gateway_presets.py"
PRESET_DATA = "unit/test_preset_data.py"
DIAGNOSIS = "odoo/gateway/test_gateway_diagnosis.py"
CONFIRMATION = "odoo/gateway/test_gateway_confirmation.py"
ENVIRONMENT = "odoo/gateway/test_gateway_environment.py"
WARNINGS = "odoo/gateway/test_gateway_warnings.py"
IDENTITY = "odoo/gateway/test_gateway_server_identity.py"
OUTAGE = "odoo/gateway/test_outgoing_outage.py"
DISCOVER = "unit/test_discover.py"
WEB_DIAGNOSIS = "web/test_diagnosis.py"
WEB_SETUP = "web/test_setting_up.py"
AUTHORITIES = "live/test_own_authorities.py"
DELIVERABILITY = "unit/test_deliverability.py"
ROUND_TRIP = "live/test_round_trip.py"
TOKENS = "live/test_token_logins.py"
PROXIED = "live/test_proxied_servers.py"

EVERY_PROVIDER = f"{PRESET_DATA}::test_every_provider_that_people_look_for_is_there"
GUIDE = f"{PRESETS}::test_seed_5_6_guide_says_what_to_do_first_and_what_goes_wrong"
OTHER_PORTS = f"{UNIT_LADDER}::test_closed_port_has_the_others_tried"
WRONG_PASSWORD = f"{LIVE_LADDER}::test_wrong_password_fails_cleanly_and_shows_nowhere"
TEST_MAIL = f"{WEB_DIAGNOSIS}::test_test_mail_arrives"
STEP_BY_STEP = f"{WEB_DIAGNOSIS}::test_good_server_passes_step_by_step_and_is_confirmed"
MENDED = f"{WEB_DIAGNOSIS}::test_wrong_password_is_explained_mended_and_confirmed"
LAST_TEST = f"{WEB_DIAGNOSIS}::test_last_test_is_at_hand"
ENCRYPTION_PORT = f"{PRESETS}::test_seed_49_choosing_an_encryption_sets_its_port"
EVERY_FAULT = "unit/test_faults.py::test_every_kind_of_fault_has_a_situation"
BAD_CERTIFICATE = f"{LIVE_LADDER}::test_bad_certificate_is_told_and_described"


@dataclass(frozen=True)
class Row:
    """One row: what is asked for, what proves it, and what of it is not there."""

    wish: str
    tests: tuple[str, ...] = ()
    missing: str = ""


ROWS = {
    1: Row("Google Workspace's relay is a provider to choose", (EVERY_PROVIDER,)),
    2: Row(
        "the address that Odoo sends from, ready to be pasted into an allow-list",
        (f"{ROUND_TRIP}::test_mail_is_sent_and_found_with_the_way_that_it_took",),
    ),
    3: Row(
        "a personal Gmail account is a provider to choose",
        (
            f"{PRESETS}::"
            "test_seed_3_gmail_is_set_up_with_an_app_password_until_oauth_is_registered",
        ),
    ),
    4: Row(
        "an app password has sixteen characters and no blanks",
        (
            f"{PRESETS}::test_seed_4_app_password_loses_its_blanks",
            f"{LINTERS}::test_app_password_with_its_blanks",
        ),
    ),
    5: Row("what to do at the provider first", (GUIDE,)),
    6: Row("what an administrator of the provider's has to allow", (GUIDE,)),
    7: Row(
        "what to set where a provider relays by network address",
        (f"{PRESETS}::test_no_provider_says_nothing",),
    ),
    9: Row("“relay denied” has causes and remedies", (CATALOGUE,)),
    11: Row(
        "the user name has the form that the provider wants",
        (
            f"{LINTERS}::test_user_that_should_be_the_address_is_completed_where_there_"
            "is_one_domain",
        ),
    ),
    12: Row("a refused login is explained", (CATALOGUE, MENDED)),
    13: Row("a test step by step, with what was said", (STEP_BY_STEP,)),
    14: Row("a test mail to oneself", (TEST_MAIL,)),
    15: Row(
        "whether a mail reaches the inbox or the spam folder",
        (
            "web/test_round_trip_dialog.py::test_mail_is_watched_until_it_is_there",
            f"{ROUND_TRIP}::test_mail_among_spam_is_found_there",
        ),
    ),
    16: Row(
        "a test from end to end",
        (
            f"{ROUND_TRIP}::test_mail_is_sent_and_found_with_the_way_that_it_took",
            "live/test_password_reset.py::test_link_to_a_new_password_arrives_once",
        ),
    ),
    17: Row(
        "what good and bad output looks like",
        (
            f"{WEB_DIAGNOSIS}::test_wrong_password_is_explained_mended_and_confirmed",
            "unit/test_samples.py::"
            "test_bad_sample_gets_the_advice_that_stands_beside_it",
        ),
    ),
    18: Row(
        "each server is tested by itself",
        (STEP_BY_STEP,),
        missing="from a chosen one of several addresses of this machine: which one is "
        "used is for its routing to say; each host's is shown by a round trip from it",
    ),
    19: Row(
        "whether a sender is allowed, without sending a mail",
        (
            f"{DIAGNOSIS}::test_nothing_is_sent_unasked",
            f"{UNIT_LADDER}::test_refused_recipient_is_told_in_the_servers_words",
        ),
    ),
    20: Row(
        "a rehearsal of the rate limits",
        (
            "web/test_limits_and_warnings.py::test_limits_are_rehearsed",
            "unit/test_rehearsal.py::test_rest_waits_for_the_next_window",
            "odoo/gateway/test_gateway_quota.py::"
            "test_it_says_how_many_go_when_and_sends_none",
        ),
    ),
    21: Row("a wrong password fails cleanly", (WRONG_PASSWORD,)),
    22: Row(
        "a person's own mailbox is warned of", (f"{LINTERS}::test_mailbox_of_a_person",)
    ),
    23: Row(
        "a register of addresses that are on allow-lists, and word of new ones",
        (
            f"{WARNINGS}::test_new_address_is_told_once_and_shown_on_the_form",
            f"{WARNINGS}::test_noting_the_address_settles_it",
            "web/test_limits_and_warnings.py::test_new_address_is_warned_of_and_noted",
        ),
    ),
    31: Row(
        "other ports are tried when one is closed",
        (OTHER_PORTS, f"{LIVE_LADDER}::test_closed_port_leads_to_the_one_that_answers"),
    ),
    32: Row(
        "OAuth is advised where passwords are on their way out",
        (f"{LINTERS}::test_password_where_oauth_is_wanted",),
    ),
    34: Row("which ports can be reached", (OTHER_PORTS,)),
    35: Row(
        "through a proxy",
        (
            f"{PROXIED}::test_mail_is_sent_through_a_proxy",
            f"{PROXIED}::test_mailbox_is_read_through_a_proxy",
        ),
    ),
    36: Row(
        "the host's name resolves",
        (
            f"{UNIT_LADDER}::test_host_without_address_fails_the_first_step",
            f"{UNIT_LADDER}::test_good_server_passes_every_step",
        ),
    ),
    37: Row("Microsoft, Yahoo, SendGrid, Mailgun and others", (EVERY_PROVIDER,)),
    45: Row(
        "from a failure to its transcript",
        (LAST_TEST, f"{DIAGNOSIS}::test_newest_test_is_reachable_from_the_server"),
    ),
    46: Row(
        "a banner while no server is set up",
        (
            "web/test_outage.py::"
            "test_servers_say_that_no_mail_goes_out_until_one_is_proven",
            f"{OUTAGE}::test_no_server_at_all_leads_to_setting_one_up",
        ),
    ),
    47: Row(
        "Microsoft with OAuth, and a warning of passwords there",
        (
            f"{PRESETS}::"
            "test_seed_47_oauth_is_chosen_where_passwords_are_on_their_way_out",
            f"{TOKENS}::test_mail_is_sent_and_the_mailbox_read_with_the_same_token",
            "web/test_microsoft_app.py::"
            "test_outgoing_server_is_led_from_a_wrong_secret_to_being_confirmed",
        ),
    ),
    49: Row("an encryption has its port", (ENCRYPTION_PORT,)),
    50: Row(
        "port and encryption that do not fit are warned of",
        (f"{PRESETS}::test_seed_50_mismatch_is_warned_of_and_put_right",),
    ),
    51: Row(
        "both ways into Gmail",
        (f"{PRESETS}::test_seed_49_51_provider_fills_the_outgoing_server",),
    ),
    52: Row("an app password instead of one's own", (GUIDE, CATALOGUE)),
    53: Row(
        "Amazon SES is a provider to choose",
        (f"{WEB_SETUP}::test_provider_fills_the_form_and_says_what_to_do_first",),
    ),
    54: Row(
        "the sandbox of Amazon SES, and its words for an unverified sender",
        (
            f"{WEB_SETUP}::test_provider_fills_the_form_and_says_what_to_do_first",
            CATALOGUE,
        ),
    ),
    55: Row("a test mail that arrives", (TEST_MAIL,)),
    56: Row(
        "“connection refused” is explained",
        (f"{DIAGNOSIS}::test_closed_port_is_explained_and_confirms_nothing",),
    ),
    57: Row(
        "another port where a network closes the usual ones",
        (OTHER_PORTS, f"{LINTERS}::test_login_on_port_25"),
        missing="sending by a provider's own interface: SMTP is what this addon is for",
    ),
    58: Row(
        "a header and a footer for all mail of a server",
        (
            f"{IDENTITY}::test_servers_texts_stand_around_the_mails_once",
            "unit/test_mail_frame.py::"
            "test_both_forms_of_a_mail_have_it_and_its_headers_stay",
        ),
    ),
    60: Row(
        "advice to send much mail from a domain of its own",
        (
            f"{DELIVERABILITY}::test_much_mail_wants_a_domain_of_its_own",
            "odoo/gateway/test_gateway_deliverability.py::"
            "test_much_mail_from_the_domain_of_people_is_advised_against",
        ),
    ),
    64: Row(
        "what fails silently without a server",
        (f"{OUTAGE}::test_list_of_what_breaks_fits_the_installed_addons",),
    ),
    65: Row(
        "the sender's address and name belong to the server",
        (
            f"{IDENTITY}::test_address_without_a_name_gets_the_servers",
            f"{IDENTITY}::test_mail_without_a_sender_has_the_servers",
        ),
    ),
    66: Row(
        "a variable for each setting",
        (
            f"{ENVIRONMENT}::test_environment_wins_over_what_is_stored_and_is_not_stored",
            f"{ENVIRONMENT}::test_incoming_server_takes_its_settings_too",
        ),
    ),
    67: Row(
        "variables win, and the form says so",
        (
            f"{ENVIRONMENT}::test_form_shows_values_and_does_not_let_them_be_changed",
            "web/test_environment.py::"
            "test_server_is_set_up_by_its_code_alone_and_confirmed",
        ),
    ),
    68: Row(
        "secrets stay out of the database",
        (
            "odoo/gateway/test_gateway_environment_secrets.py::"
            "test_secret_is_nowhere_in_the_database",
            "live/test_environment_secrets.py::"
            "test_relay_is_confirmed_and_sends_with_the_password_of_the_file",
        ),
        missing="encryption of those that are entered in the form: Odoo's field, which "
        "other addons read; whoever wants none in the database names a file",
    ),
    69: Row("STARTTLS or TLS from the start", (ENCRYPTION_PORT,)),
    70: Row(
        "which port is recommended",
        (ENCRYPTION_PORT, f"{LINTERS}::test_port_and_encryption_that_do_not_fit"),
    ),
    71: Row(
        "TLS from the start is tried first",
        (
            f"{DISCOVER}::test_encrypted_from_the_start_is_taken_before_starttls",
            "unit/test_probe.py::"
            "test_usual_names_are_tried_encrypted_from_the_start_first",
        ),
    ),
    72: Row(
        "a test before the values count",
        (
            f"{CONFIRMATION}::test_server_that_a_person_enters_is_not_confirmed",
            f"{CONFIRMATION}::"
            "test_change_of_a_connection_setting_takes_the_confirmation_back",
        ),
    ),
    73: Row(
        "the test mail goes to whoever tests",
        (
            f"{DIAGNOSIS}::"
            "test_recipient_is_the_testers_address_unless_there_is_another",
        ),
    ),
    74: Row("success and failure tell themselves apart", (STEP_BY_STEP, MENDED)),
    75: Row("each class of failure has cause and remedy", (EVERY_FAULT, CATALOGUE)),
    76: Row(
        "an authority of one's own, or one certificate, for a server",
        (
            f"{AUTHORITIES}::test_mailbox_is_confirmed_once_its_authority_is_entered",
            f"{AUTHORITIES}::test_relay_is_confirmed_once_its_authority_is_entered",
            "unit/test_trust.py::test_certificate_of_the_server_itself_may_be_named",
        ),
    ),
    77: Row(
        "the provider's limits are told, and kept",
        (
            f"{PRESETS}::test_seed_77_limits_are_told",
            f"{PRESETS}::test_providers_limits_become_quotas",
        ),
    ),
    78: Row(
        "SendGrid's fixed user name is filled in",
        (f"{PRESETS}::test_seed_78_sendgrid_has_its_user_name_filled_in",),
    ),
    79: Row(
        "a region is chosen and becomes part of the host",
        (f"{PRESETS}::test_seed_79_region_is_part_of_the_host",),
    ),
    80: Row(
        "an access key of AWS is no SMTP login",
        (
            f"{LINTERS}::test_ses_takes_the_key_id_of_its_smtp_user",
            f"{LINTERS}::test_secret_access_key_becomes_the_smtp_password_of_the_region",
        ),
    ),
    81: Row(
        "a server of one's own",
        (
            f"{PRESET_DATA}::test_every_provider_but_ones_own_has_a_host_to_send_through",
        ),
    ),
    93: Row("“relay access denied” is the server's matter", (CATALOGUE,)),
    97: Row(
        "whether host, port and encryption will do, before anything is entered",
        (
            "odoo/gateway/test_gateway_discovery.py::test_both_halves_are_found_and_reached",
        ),
    ),
    98: Row("a mail server in the own network", (EVERY_PROVIDER,)),
    99: Row(
        "no login in the own network, and a warning elsewhere",
        (
            f"{PRESETS}::test_seed_99_relay_in_the_own_network_is_fine",
            f"{LINTERS}::test_anonymous_relay_on_the_internet",
        ),
    ),
    101: Row(
        "a sender that the server sends for",
        (
            f"{IDENTITY}::"
            "test_sender_that_the_server_may_not_send_for_becomes_the_servers",
        ),
    ),
    103: Row(
        "the recipient of test mails is remembered",
        (f"{DIAGNOSIS}::test_test_mail_goes_to_the_recipient_which_is_remembered",),
    ),
    104: Row(
        "only tested servers are used",
        (f"{CONFIRMATION}::test_mail_queue_passes_over_servers_not_confirmed",),
    ),
    105: Row(
        "the transcript is kept, without secrets",
        (LAST_TEST, f"{DIAGNOSIS}::test_password_is_nowhere_in_what_is_kept_or_logged"),
    ),
    106: Row(
        "which logins a provider takes",
        (f"{PRESETS}::test_incoming_server_of_microsoft_is_read_by_oauth",),
    ),
    107: Row(
        "connecting and greeting are steps of their own",
        (f"{UNIT_LADDER}::test_good_server_passes_every_step",),
    ),
    108: Row(
        "what stands in between is found out",
        (
            f"{LIVE_LADDER}::test_middlebox_that_strips_starttls_is_found_out",
            f"{PROXIED}::test_middlebox_on_one_of_the_ways_is_found_out",
        ),
    ),
    109: Row("a locked account, or one that may not send", (CATALOGUE,)),
    110: Row(
        "certificate: chain, name and days to expiry",
        (
            BAD_CERTIFICATE,
            f"{UNIT_LADDER}::test_good_certificate_is_described",
            f"{WARNINGS}::test_certificate_that_ends_soon_is_told_once_for_each_server",
        ),
    ),
    111: Row(
        "which TLS was agreed on, and a lowest version",
        (
            f"{UNIT_LADDER}::test_good_certificate_is_described",
            "unit/test_trust.py::test_lowest_version_is_insisted_on",
        ),
    ),
    117: Row(
        "only administrators set servers up",
        (
            f"{DIAGNOSIS}::test_only_administrators_see_tests_and_make_them",
            f"{PRESETS}::test_operator_does_not_see_providers",
        ),
    ),
    118: Row(
        "a menu of its own without developer mode",
        ("web/test_journal.py::test_operator_has_the_app_without_its_configuration",),
    ),
    119: Row(
        "the lowest number comes first",
        (f"{CONFIRMATION}::test_lowest_sequence_of_the_confirmed_is_chosen",),
    ),
    120: Row(
        "encrypted and verified by default",
        (
            "odoo/gateway/test_gateway_outgoing_security.py::"
            "test_screen_offers_verified_encryption",
        ),
    ),
    121: Row(
        "one button tests the connection",
        ("web/test_outgoing_server.py::test_server_that_works_is_confirmed",),
    ),
    122: Row(
        "one account, for sending and for reading",
        (f"{WEB_SETUP}::test_address_and_password_lead_to_two_proven_servers",),
    ),
    123: Row(
        "the provider's half for reading",
        (f"{PRESETS}::test_seed_123_provider_fills_the_incoming_server",),
    ),
    124: Row(
        "a mailbox makes records, and says which",
        (
            "web/test_incoming_server.py::test_mailbox_that_works_is_confirmed",
            f"{WEB_DIAGNOSIS}::test_mailbox_tells_where_its_messages_would_go",
        ),
    ),
    # ------------------------------------------------------------------- the DNS
    33: Row(
        "the domain's MX records",
        (f"{DELIVERABILITY}::test_domain_that_takes_no_mail_is_told",),
    ),
    59: Row(
        "SPF, DKIM and DMARC of the domain",
        (
            f"{DELIVERABILITY}::test_domain_with_good_records_is_fine_all_over",
            f"{DELIVERABILITY}::test_faulty_spf_record_is_told",
            f"{DELIVERABILITY}::test_key_that_is_not_good_is_told",
            f"{DELIVERABILITY}::test_weak_dmarc_record_is_told",
        ),
    ),
    82: Row(
        "checks for a server of one's own",
        (
            f"{DELIVERABILITY}::test_missing_spf_record_is_written_for_an_own_server",
            f"{DELIVERABILITY}::test_name_that_does_not_lead_back_is_told_with_the_record",
        ),
        missing="signing with DKIM by Odoo itself: it is sending's matter, and the "
        "server's own; the check says which key it lacks",
    ),
    83: Row(
        "the records to publish",
        (
            "odoo/gateway/test_gateway_deliverability.py::"
            "test_failed_check_tells_the_record_to_publish",
            "web/test_deliverability.py::"
            "test_checklist_shows_what_is_wrong_and_the_record_to_copy",
        ),
    ),
}

# Rows about sending itself: queue, retries, failover, limits, logs, alerts, figures.
OTHER_MATTERS = {
    *{8, 10, 24, 25, 26, 27, 28, 29, 30, 38, 39, 40, 41, 42, 43, 44, 48, 61, 62, 63},
    *{84, 85, 86, 87, 88, 89, 90, 91, 92, 94, 95, 96, 100, 102},
    *{112, 113, 114, 115, 116},
}
ALL_ROWS = range(1, 125)
