"""Mail that its account has sent is found in the folder of sent mail, untouched."""

from tests.live.live_case import incoming, letter
from tests.rig.imap_client import logged_in


def test_sent_message_is_found_in_the_folder_of_sent_mail(env, mailbox):
    with logged_in(mailbox) as client:
        client.create_folder("Sent")
        client.append("Sent", letter("Yours", "<sent@city.example>"))
    server = incoming(env, mailbox, "imap", "ssl", state="done")
    session = server.with_context(mail_gateway_dial_only=True)._connect__().connect()

    folder, found = session.find_sent(["<sent@city.example>", "<no@city.example>"])
    session.close()

    assert folder.endswith("Sent")
    assert found == {"<sent@city.example>"}
    with logged_in(mailbox, "Sent") as client:
        assert client.search("UNSEEN") == [1]
