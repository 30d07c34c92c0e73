"""IMAP, against servers that do what real ones only do on a bad day."""

import base64
from imaplib import IMAP4

import pytest
from imapclient.exceptions import LoginError
from mgp_core.errors import FolderUnavailable, ProtocolViolation
from mgp_core.policy.progress import Listing, Question
from mgp_core.protocols import imap as imap_module
from mgp_core.protocols.after_fetch import Aftercare, AfterFetch
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.imap import ImapMailbox
from mgp_core.protocols.mailbox import FetchedMessage, FolderStatus, MessageRef

from tests.rig.scripted_server import Close, Expect, ScriptedServer, Send, SendRaw

UNREAD = Question(Listing.UNREAD)
AFTERCARE = Aftercare()
OK = b"<tag> OK done"
CAPABILITY = Expect(rb"\w+ CAPABILITY", b"* CAPABILITY IMAP4rev1", OK)
GREETING = (Send(b"* OK ready"), CAPABILITY)
SELECTED = (
    *(b"* 3 EXISTS", b"* 0 RECENT"),
    *(b"* OK [UIDVALIDITY 42] ok", b"* OK [UIDNEXT 9] ok"),
)
SELECT = Expect(rb'\w+ SELECT "?INBOX"?', *SELECTED, b"<tag> OK [READ-WRITE] done")


def search(*uids):
    found = b" ".join([b"* SEARCH", *(b"%d" % uid for uid in uids)])
    return (CAPABILITY, Expect(rb"\w+ UID SEARCH UNSEEN", found, OK))


def sizes(**size_of):
    lines = (
        b"* %s FETCH (UID %s RFC822.SIZE %d)" % (uid.encode(), uid.encode(), size)
        for uid, size in size_of.items()
    )
    return Expect(rb"\w+ UID FETCH [\d,:]+ \(RFC822\.SIZE INTERNALDATE\)", *lines, OK)


def body(uid, raw):
    """Return the lines of a FETCH answer that carries a message as a literal."""
    return b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)" % (uid, uid, len(raw), raw)


def bodies(*lines):
    return Expect(rb"\w+ UID FETCH [\d,:]+ \(BODY\.PEEK\[\]\)", *lines, OK)


def connect(server, security=Security.NONE, timeout=3.0):
    return ImapMailbox(Endpoint(server.host, server.port, security, timeout=timeout))


def ref(uid):
    return MessageRef("INBOX", "42", str(uid))


class Session:
    """A mailbox whose folder is open, and the server on the other side."""

    def __init__(self, *steps, select=SELECT, capability=CAPABILITY):
        # imaplib selects in any state but "nonauth": the greeting logs us in.
        greeting = (Send(b"* PREAUTH ready"), capability)
        self.server = ScriptedServer(*greeting, select, *steps)

    def __enter__(self):
        self.server.__enter__()
        self.mailbox = connect(self.server)
        self.mailbox.open("INBOX")
        return self.mailbox

    def __exit__(self, *exception):
        self.mailbox.abandon()
        self.server.__exit__(*exception)


# ------------------------------------------------------------------------- logging in


@pytest.mark.parametrize("method", ["login", "authenticate"])
def test_what_the_server_can_do_is_not_asked_again_when_it_told_on_login(method):
    told = b"<tag> OK [CAPABILITY IMAP4rev1 MOVE] done"
    steps = {
        "login": (Expect(rb'\w+ LOGIN "?jane"? "pw"', told),),
        "authenticate": (
            Expect(rb"\w+ AUTHENTICATE XOAUTH2", b"+ "),
            Expect(rb"dG9rZW4=", told),
        ),
    }
    arguments = {
        "login": ("jane", "pw"),
        "authenticate": ("XOAUTH2", lambda _: "token"),
    }
    with ScriptedServer(*GREETING, *steps[method], SELECT, search(3)[1]) as server:
        mailbox = connect(server)
        getattr(mailbox.login, method)(*arguments[method])
        mailbox.open("INBOX")

        assert mailbox.find(UNREAD) == [ref(3)]
        assert mailbox._client.has_capability("MOVE")
        mailbox.abandon()


def test_ascii_login_uses_login():
    with ScriptedServer(*GREETING, Expect(rb'\w+ LOGIN "?jane"? "pw"', OK)) as server:
        mailbox = connect(server)

        mailbox.login.login("jane", "pw")

        mailbox.abandon()


@pytest.mark.parametrize(("user", "password"), [("jane", "süß"), ("jürgen", "pw")])
def test_login_that_is_not_ascii_uses_authenticate_plain(user, password):
    secret = base64.b64encode(f"\0{user}\0{password}".encode())
    steps = (
        Expect(rb"\w+ AUTHENTICATE PLAIN", b"+ "),
        Expect(secret.replace(b"+", rb"\+"), OK),
    )
    with ScriptedServer(*GREETING, *steps) as server:
        mailbox = connect(server)

        mailbox.login.login(user, password)

        mailbox.abandon()


@pytest.mark.parametrize("password", ["pw", "süß"])
@pytest.mark.parametrize("last_words", [(), (b"* BYE too busy",)], ids=["EOF", "BYE"])
def test_connection_lost_while_logging_in_is_no_refusal(password, last_words):
    steps = (Expect(rb"\w+ (LOGIN|AUTHENTICATE) .*", *last_words), Close())
    with ScriptedServer(*GREETING, *steps) as server:
        mailbox = connect(server)

        with pytest.raises(IMAP4.abort):
            mailbox.login.login("jane", password)

        mailbox.abandon()


@pytest.mark.parametrize("password", ["wrong", "fälsch"])
def test_refused_login_has_the_server_s_words(password):
    refused = Expect(rb"\w+ (LOGIN|AUTHENTICATE) .*", b"<tag> NO [X] not today")
    with ScriptedServer(*GREETING, refused) as server:
        mailbox = connect(server)

        with pytest.raises(LoginError, match="not today"):
            mailbox.login.login("jane", password)

        mailbox.abandon()


def test_login_hook_of_other_addons_can_authenticate_and_select():
    steps = (Expect(rb"\w+ AUTHENTICATE XOAUTH2", OK), SELECT)
    with ScriptedServer(*GREETING, *steps) as server:
        mailbox = connect(server)

        mailbox.login.authenticate("XOAUTH2", lambda challenge: b"token")
        mailbox.login.select("INBOX")

        mailbox.abandon()


def test_missing_starttls_is_told_and_no_password_is_sent():
    with ScriptedServer(*GREETING) as server:
        with pytest.raises(ProtocolViolation) as caught:
            connect(server, Security.STARTTLS)

    assert caught.value.detail == "STARTTLS"
    assert len(server.lines) == 1  # CAPABILITY


def test_server_that_says_nothing_times_out():
    with ScriptedServer(SendRaw(b"* OK half a greeting")) as server:
        with pytest.raises(TimeoutError):
            connect(server, timeout=0.3)


# ------------------------------------------------------------------ opening the folder


def test_opening_shows_how_many_messages_there_are():
    with Session() as mailbox:
        assert mailbox.status == FolderStatus(
            "INBOX", messages=3, uidvalidity="42", uidnext=9
        )


def test_folder_that_can_only_be_read_is_opened_and_told():
    answer = (*SELECTED, b"<tag> OK [READ-ONLY] done")
    with Session(
        Expect(rb'\w+ EXAMINE "?INBOX"?', *answer), select=Expect(rb".*", *answer)
    ) as mailbox:
        assert mailbox.status == FolderStatus(
            "INBOX", messages=3, writable=False, uidvalidity="42", uidnext=9
        )


def test_folder_that_the_server_refuses_has_its_words():
    refused = Expect(rb"\w+ SELECT .*", b"<tag> NO [NONEXISTENT] no such folder")
    with pytest.raises(FolderUnavailable, match="no such folder"):
        with Session(select=refused):
            pass


def test_connection_lost_while_opening_is_not_the_folder_s_fault():
    lost = Expect(rb"\w+ SELECT .*", b"* BYE shutting down")
    server = ScriptedServer(Send(b"* PREAUTH hi"), *GREETING[1:], lost, Close())
    with server:
        mailbox = connect(server)

        with pytest.raises(IMAP4.abort, match="shutting down"):
            mailbox.open("INBOX")

        mailbox.abandon()


# --------------------------------------------------------------------------- reading


def test_unread_messages_are_found_oldest_first():
    with Session(*search(9, 7)) as mailbox:
        assert mailbox.find(UNREAD) == [ref(7), ref(9)]


@pytest.mark.parametrize("answer", [b"* SEARCH", b"* OK nothing"])
def test_nothing_unread_is_nothing_found(answer):
    unseen = Expect(rb"\w+ UID SEARCH UNSEEN", answer, OK)
    with Session(CAPABILITY, unseen) as mailbox:
        assert mailbox.find(UNREAD) == []


def test_new_uidvalidity_makes_other_identities():
    answer = (b"* 0 EXISTS", b"* OK [UIDVALIDITY 43] ok", OK)
    select = Expect(rb"\w+ SELECT .*", *answer)
    with Session(*search(7), select=select) as mailbox:
        assert mailbox.find(UNREAD) == [MessageRef("INBOX", "43", "7")]


def test_download_yields_the_exact_bytes():
    raw = b"Subject: x\r\n\r\n* 1 FETCH (\r\n)\r\n.\r\n\xff\0"
    with Session(sizes(**{"7": 40}), bodies(body(7, raw))) as mailbox:
        assert list(mailbox.download([ref(7)])) == [FetchedMessage(ref(7), raw)]


def test_message_expunged_since_the_search_is_left_out():
    with Session(
        sizes(**{"8": 3}), bodies(b"* 1 EXPUNGE", body(8, b"eight"))
    ) as mailbox:
        messages = list(mailbox.download([ref(7), ref(8)]))

    assert messages == [FetchedMessage(ref(8), b"eight")]


def test_fetch_that_answers_nothing_yields_nothing():
    with Session(sizes(), bodies()) as mailbox:
        assert list(mailbox.download([ref(7)])) == []


def test_refused_message_does_not_stop_the_others():
    refused = rb"\w+ UID FETCH %b \(BODY\.PEEK\[\]\)"
    no = b"<tag> NO cannot be converted"
    steps = (
        sizes(**{"7": 5, "8": 5}),
        Expect(refused % rb"7[,:]8", no),
        Expect(refused % b"7", no),
        Expect(refused % b"8", body(8, b"eight"), OK),
    )

    with Session(*steps) as mailbox:
        assert list(mailbox.download([ref(7), ref(8)])) == [
            FetchedMessage(ref(8), b"eight")
        ]


def test_body_that_the_server_cannot_read_yields_nothing():
    with Session(sizes(**{"7": 3}), bodies(b"* 1 FETCH (UID 7 BODY[] NIL)")) as mailbox:
        assert list(mailbox.download([ref(7)])) == []


@pytest.mark.parametrize(
    "unsolicited",
    [
        b"* 2 FETCH (FLAGS (\\Seen))",
        b"* 7 FETCH (UID 7 FLAGS (\\Recent))",
        b"* 9 FETCH (UID 9 FLAGS ())",
        b"* 4 EXISTS",
    ],
    ids=["flags without UID", "flags of the same", "flags of another", "new message"],
)
def test_unsolicited_answer_before_the_body_does_no_harm(unsolicited):
    with Session(sizes(**{"7": 3}), bodies(unsolicited, body(7, b"raw"))) as mailbox:
        assert list(mailbox.download([ref(7)])) == [FetchedMessage(ref(7), b"raw")]


def test_unsolicited_answer_after_the_body_does_no_harm():
    lines = (body(7, b"raw"), b"* 7 FETCH (UID 7 FLAGS (\\Seen))")
    with Session(sizes(**{"7": 3}), bodies(*lines)) as mailbox:
        assert list(mailbox.download([ref(7)])) == [FetchedMessage(ref(7), b"raw")]


def test_big_messages_are_fetched_one_by_one(monkeypatch):
    monkeypatch.setattr(imap_module, "FIRST_BATCH_BYTES", 100)
    with Session(
        sizes(**{"7": 99, "8": 99}), bodies(body(7, b"a")), bodies(body(8, b"b"))
    ) as mailbox:
        assert len(list(mailbox.download([ref(7), ref(8)]))) == 2


def test_small_messages_are_fetched_together():
    with Session(
        sizes(**{"7": 1, "8": 1}), bodies(body(7, b"a"), body(8, b"b"))
    ) as mailbox:
        assert len(list(mailbox.download([ref(7), ref(8)]))) == 2


def test_download_of_nothing_asks_nothing():
    session = Session()
    with session as mailbox:
        assert list(mailbox.download([])) == []

    assert session.server.lines[-1].endswith(b'SELECT "INBOX"')


@pytest.mark.parametrize(
    "steps",
    [
        (sizes(**{"7": 9}), Expect(b".*", b"* BYE restarting"), Close()),
        (
            sizes(**{"7": 9}),
            Expect(b".*"),
            SendRaw(b"* 7 FETCH (UID 7 BODY[] {9}\r\nhalf"),
            Close(),
        ),
        (
            sizes(**{"7": 4}),
            Expect(b".*"),
            SendRaw(b"* 7 FETCH (UID 7 BODY[] {4}\r\nfull"),
            Close(),
        ),
        (Expect(b".*"), Close()),
    ],
    ids=["BYE", "cut inside the literal", "cut after the literal", "cut at once"],
)
def test_connection_lost_while_downloading_yields_no_half_message(steps):
    with Session(*steps) as mailbox:
        with pytest.raises(IMAP4.abort):
            list(mailbox.download([ref(7)]))


def test_server_that_stalls_inside_a_literal_times_out():
    steps = (Expect(b".*"), SendRaw(b"* 7 FETCH (UID 7 BODY[] {9}\r\nhalf"))
    greeting = (Send(b"* PREAUTH hi"), *GREETING[1:], SELECT, sizes(**{"7": 9}))
    with ScriptedServer(*greeting, *steps) as server:
        mailbox = connect(server, timeout=0.3)
        mailbox.open("INBOX")

        with pytest.raises(TimeoutError):
            list(mailbox.download([ref(7)]))

        mailbox.abandon()


# ----------------------------------------------------------------- telling the server


def test_acknowledging_sets_the_seen_flag():
    store = Expect(rb"\w+ UID STORE 7,9 \+FLAGS\.SILENT \(\\Seen\)", OK)
    with Session(store) as mailbox:
        mailbox.acknowledge([ref(7), ref(9)], AFTERCARE)


@pytest.mark.parametrize(
    ("aftercare", "steps"),
    [
        (Aftercare(AfterFetch.LEAVE), ()),
        (
            Aftercare(AfterFetch.KEYWORD, keyword="$Journaled"),
            (Expect(rb"\w+ UID STORE 7 \+FLAGS\.SILENT \(\$Journaled\)", OK),),
        ),
        (
            # Without UIDPLUS: marked, and nobody else's deletions are carried out.
            Aftercare(delete_at_once=True),
            (
                Expect(rb"\w+ UID STORE 7 \+FLAGS\.SILENT \(\\Deleted\)", OK),
                CAPABILITY,
            ),
        ),
    ],
    ids=["leave", "keyword", "delete"],
)
def test_aftercare_is_what_the_policy_says(aftercare, steps):
    with Session(*steps) as mailbox:
        mailbox.acknowledge([ref(7)], aftercare)


def test_move_is_copy_and_deletion_where_the_server_cannot_move():
    steps = (
        Expect(rb"\w+ LIST .*Done.*", b'* LIST () "/" Done', OK),
        CAPABILITY,
        Expect(rb"\w+ UID COPY 7 .*Done.*", OK),
        Expect(rb"\w+ UID STORE 7 \+FLAGS\.SILENT \(\\Deleted\)", OK),
    )
    with Session(*steps) as mailbox:
        mailbox.acknowledge([ref(7)], Aftercare(AfterFetch.MOVE, folder="Done"))


def test_only_messages_above_the_last_are_asked_for():
    # "*" makes the server answer with the last message there is, known or not.
    question = Question(Listing.ABOVE, above=7)
    above = Expect(rb"\w+ UID SEARCH UID 8:\*", b"* SEARCH 7", OK)
    with Session(CAPABILITY, above) as mailbox:
        assert mailbox.find(question) == []


def test_unread_messages_and_all_above_the_last_are_asked_for():
    question = Question(Listing.UNREAD_OR_ABOVE, above=7)
    unread = Expect(rb"\w+ UID SEARCH UNSEEN", b"* SEARCH 3 9", OK)
    above = Expect(rb"\w+ UID SEARCH UID 8:\*", b"* SEARCH 8 9", OK)
    with Session(CAPABILITY, unread, above) as mailbox:
        assert mailbox.find(question) == [ref(3), ref(8), ref(9)]


def test_messages_that_were_listed_and_not_handed_out_are_looked_for():
    still = Expect(rb"\w+ UID SEARCH UID 7,9", b"* SEARCH 9", OK)
    with Session(CAPABILITY, still) as mailbox:
        assert mailbox.exist([ref(7), ref(9)]) == [ref(9)]


def test_nothing_is_asked_about_no_messages():
    with Session() as mailbox:
        assert mailbox.exist([]) == []


def test_refused_acknowledgement_raises():
    with Session(Expect(rb"\w+ UID STORE .*", b"<tag> NO read-only")) as mailbox:
        with pytest.raises(IMAP4.error, match="read-only"):
            mailbox.acknowledge([ref(7)], AFTERCARE)


def test_close_logs_out():
    logout = Expect(rb"\w+ LOGOUT", b"* BYE", OK)
    session = Session(logout)
    with session as mailbox:
        mailbox.close()


def test_abandon_says_nothing():
    session = Session()
    with session as mailbox:
        mailbox.abandon()

    assert session.server.lines[-1].endswith(b'SELECT "INBOX"')
