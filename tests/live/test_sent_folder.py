"""Mail that its account has sent is found in the folder of sent mail, and not touched."""

from tests.live.live_case import incoming, letter


def test_sent_message_is_found_in_the_folder_of_sent_mail(env, mailbox):
    with mailbox.imap() as client:
        client.create("Sent")
        client.append("Sent", "", None, letter(message_id="<sent@city.example>"))
    server = incoming(env, mailbox, "imap", "ssl", state="done")
    session = server.with_context(mail_gateway_dial_only=True)._connect__().connect()

    folder, found = session.find_sent(["<sent@city.example>", "<no@city.example>"])
    session.close()

    assert folder.endswith("Sent")
    assert found == {"<sent@city.example>"}
    with mailbox.imap() as client:
        client.select("Sent")
        assert client.search(None, "UNSEEN")[1] == [b"1"]
