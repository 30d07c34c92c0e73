"""Dead letters go by another server; uncertain mail is looked up where it was sent."""

from unittest.mock import patch

from outgoing_case import OutgoingCase

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_gateway_plus.core.protocols.dial import Dial

LOOK_UP_CRON = "mail_gateway_plus.ir_cron_look_up_sent"
AMINA, BO, CARO = "amina@home.example", "bo@home.example", "caro@home.example"


@tagged("post_install", "-at_install")
class TestChangeServer(OutgoingCase):
    def wizard(self, mails):
        return self.env["mail.gateway.change.server"].with_context(
            active_model="mail.mail", active_ids=mails.ids
        )

    def test_dead_letters_are_sent_by_the_server_that_is_chosen(self):
        _sink, refusing = self.sink(refused=[AMINA])
        sink, port = self.sink()
        self.outgoing("Main", refusing, sequence=1)
        other = self.outgoing("Other", port, sequence=2)
        mails = self.mail() + self.mail()
        self.run_queue()
        self.assertEqual(mails.mapped("state"), ["exception"] * 2)

        form = Form(self.wizard(mails))
        form.server_id = other
        form.save().action_change()
        self.run_queue()

        self.assertEqual(mails.mapped("state"), ["sent"] * 2)
        self.assertEqual(sink.recipients, [AMINA] * 2)
        self.assertFalse(any(mails.mapped("dead_letter_at")))

    def test_mail_that_is_no_dead_letter_is_left_alone(self):
        other = self.outgoing("Other", 25)
        mail = self.mail(state="sent")

        form = Form(self.wizard(mail))
        form.server_id = other
        form.save().action_change()

        self.assertEqual((mail.state, mail.mail_server_id.id), ("sent", False))

    def test_only_administrators_decide(self):
        user = new_test_user(self.env, "operator", "mail_gateway_plus.group_operator")

        with self.assertRaises(AccessError):
            self.wizard(self.mails).with_user(user).create({"server_id": 1})


class SentFolder:
    """An IMAP session whose account has sent these messages."""

    def __init__(self, *message_ids, folder="Sent"):
        self.message_ids = set(message_ids)
        self.folder = folder

    def find_sent(self, message_ids):
        return self.folder, self.message_ids & set(message_ids)

    def abandon(self):
        pass


@tagged("post_install", "-at_install")
class TestSentFolder(OutgoingCase):
    def setUp(self):
        super().setUp()
        _sink, port = self.sink(lost=[AMINA])
        self.server = self.outgoing("Main", port, from_filter="city.example")
        self.uncertain = self.mail()
        self.run_queue()
        self.assertEqual(self.uncertain.state, "uncertain")
        self.message_id = self.attempts_of(self.uncertain).message_id
        # Known afterwards: the sink wants no login.
        self.server.write({"smtp_user": "Desk@city.example", "state": "done"})
        self.account = self.mailbox(name="Desk", user="desk@city.example")

    def look(self, session):
        connecting = {"side_effect": session} if isinstance(session, OSError) else {}
        with patch.object(Dial, "connect", return_value=session, **connecting):
            return self.uncertain.action_look_in_sent_folder()

    def test_mail_that_is_in_the_sent_folder_has_arrived(self):
        told = self.look(SentFolder(self.message_id))

        self.assertEqual(self.uncertain.state, "sent")
        self.assertEqual(
            self.uncertain.gateway_proof, "Found in the folder Sent of Desk"
        )
        attempt = self.attempts_of(self.uncertain)
        self.assertEqual(attempt.outcome, "accepted")
        self.assertIn("Found in the folder Sent", attempt.reply)
        self.assertEqual(told["params"]["type"], "success")

    def test_mail_that_is_not_there_stays_uncertain(self):
        told = self.look(SentFolder())

        self.assertEqual(self.uncertain.state, "uncertain")
        self.assertIn("not in the account", told["params"]["message"])

    @mute_logger("odoo.addons.mail_gateway_plus.models.mail_mail_sent_folder")
    def test_mailbox_that_cannot_be_reached_leaves_it_uncertain(self):
        told = self.look(ConnectionRefusedError("down"))

        self.assertEqual(self.uncertain.state, "uncertain")
        self.assertIn("cannot be read", told["params"]["message"])

    def test_account_that_nobody_reads_cannot_tell(self):
        self.account.user = "other@city.example"

        told = self.look(SentFolder(self.message_id))

        self.assertEqual(self.uncertain.state, "uncertain")
        self.assertIn("No incoming IMAP server", told["params"]["message"])

    def test_account_with_a_similar_name_is_another_one(self):
        self.server.smtp_user = "des_@city.example"

        told = self.look(SentFolder(self.message_id))

        self.assertEqual(self.uncertain.state, "uncertain")
        self.assertIn("No incoming IMAP server", told["params"]["message"])

    def test_mail_is_looked_up_soon_after_by_itself(self):
        cron = self.env.ref(LOOK_UP_CRON)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(len(triggers), 2)

        with patch.object(Dial, "connect", return_value=SentFolder(self.message_id)):
            self.mails._gateway_look_up_uncertain()

        self.assertEqual(self.uncertain.state, "sent")


@tagged("post_install", "-at_install")
class TestSentFolderOfSeveral(OutgoingCase):
    """All messages of a mail, and all mails of a message, have one Message-ID."""

    def server_losing(self, *addresses):
        """Have a server lose connections at the dot of mail to these addresses."""
        _sink, port = self.sink(lost=addresses)
        self.server = self.outgoing("Main", port, from_filter="city.example")
        self.mailbox(name="Desk", user="desk@city.example")

    def look(self, mail):
        """Look it up where a message of its Message-ID is."""
        # Known afterwards: the sink wants no login.
        self.server.write({"smtp_user": "desk@city.example", "state": "done"})
        session = SentFolder(*self.attempts_of(mail).mapped("message_id"))
        with patch.object(Dial, "connect", return_value=session):
            return mail.action_look_in_sent_folder()

    def test_copy_of_another_contact_proves_nothing(self):
        self.server_losing(BO)
        contacts = self.env["res.partner"].create(
            [{"name": address, "email": address} for address in (AMINA, BO, CARO)]
        )
        mail = self.mail(email_to=False, recipient_ids=[Command.set(contacts.ids)])
        self.run_queue()
        self.make_due(mail)
        self.run_queue()
        self.assertEqual(mail.state, "uncertain")
        self.assertEqual(self.outcomes_of(mail)[:2], ["accepted", "uncertain"])

        told = self.look(mail)
        self.look(mail)

        self.assertEqual(mail.state, "uncertain")
        self.assertIn("uncertain", self.outcomes_of(mail))
        self.assertIn("cannot tell", told["params"]["message"])
        self.assertEqual(mail.failure_reason.count("cannot tell"), 1)
        self.assertFalse(mail.gateway_proof)

    def test_copy_of_another_mail_of_the_message_proves_nothing(self):
        self.server_losing(BO)
        message = self.env["mail.message"].create({"message_id": "<posting@x>"})
        others = self.mail(mail_message_id=message.id)
        mail = self.mail(email_to=BO, mail_message_id=message.id)
        self.run_queue()
        self.assertEqual((others.state, mail.state), ("sent", "uncertain"))

        self.look(mail)

        self.assertEqual(mail.state, "uncertain")
