"""Reports as mail systems write them; names and addresses are made up."""


def report(text, status, original, head=b"", kind=b"delivery-status"):
    """Return a ``multipart/report`` of three parts (RFC 6522)."""
    return (
        b"Return-Path: <>\r\n" + head + b"Message-ID: <r1@mx.home.example>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=" + kind + b';\r\n boundary="=_b"'
        b"\r\n\r\n--=_b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        + text.replace(b"\n", b"\r\n")
        + b"\r\n--=_b\r\nContent-Type: message/"
        + kind
        + b"\r\n\r\n"
        + status.replace(b"\n", b"\r\n")
        + b"\r\n--=_b\r\n"
        + original.replace(b"\n", b"\r\n")
        + b"\r\n--=_b--\r\n"
    )


HEADERS = b"""\
Content-Type: text/rfc822-headers

Return-Path: <bounce@city.example>
Message-ID: <7.odoo@city.example>
From: City <info@city.example>
To: amina@home.example
Subject: Your grievance
"""
ORIGINAL = HEADERS.replace(b"text/rfc822-headers", b"message/rfc822") + b"\nHello\n"

POSTFIX = report(
    b"""\
This is the mail system at host mx.home.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<amina@home.example>: host mx2.home.example[192.0.2.7] said: 550 5.1.1
    <amina@home.example>: Recipient address rejected: User unknown (in reply to
    RCPT TO command)
""",
    b"""\
Reporting-MTA: dns; mx.home.example
X-Postfix-Queue-ID: 4Bk1aa
X-Postfix-Sender: rfc822; bounce@city.example
Arrival-Date: Mon,  2 Nov 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; amina@home.example
Original-Recipient: rfc822;amina@home.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx2.home.example
Diagnostic-Code: smtp; 550 5.1.1 <amina@home.example>: Recipient address
    rejected: User unknown
""",
    ORIGINAL,
    b"From: MAILER-DAEMON@mx.home.example (Mail Delivery System)\r\n"
    b"Subject: Undelivered Mail Returned to Sender\r\n"
    b"Auto-Submitted: auto-replied\r\nTo: bounce@city.example\r\n",
)
POSTFIX_DELAYED = report(
    b"""\
####################################################################
# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
####################################################################

Your message could not be delivered for more than 4 hour(s).
It will be retried until it is 5 day(s) old.
""",
    b"""\
Reporting-MTA: dns; mx.home.example

Final-Recipient: rfc822; amina@home.example
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mx2.home.example[192.0.2.7]:25:
    Connection timed out
Will-Retry-Until: Sat,  7 Nov 2026 10:00:00 +0000 (UTC)
""",
    HEADERS,
    b"From: MAILER-DAEMON@mx.home.example\r\n"
    b"Subject: Delayed Mail (still being retried)\r\nTo: bounce@city.example\r\n",
)
POSTFIX_DELIVERED = report(
    b"Your message was successfully delivered to the destination(s)\nlisted below.\n",
    b"""\
Reporting-MTA: dns; mx.home.example

Final-Recipient: rfc822; amina@home.example
Action: delivered
Status: 2.0.0
Diagnostic-Code: smtp; 250 2.0.0 Ok
""",
    HEADERS,
    b"From: MAILER-DAEMON@mx.home.example\r\n"
    b"Subject: Successful Mail Delivery Report\r\nTo: bounce@city.example\r\n",
)
RELAYED = POSTFIX_DELIVERED.replace(b"Action: delivered", b"Action: relayed")
TWO_FATES = report(
    b"Some were reached.\n",
    b"""\
Reporting-MTA: dns;mx.home.example

Final-Recipient: RFC822;bo@home.example
Action: delivered
Status: 2.1.5

Final-Recipient: rfc822;amina@home.example
Action: failed
Status: 5.2.2 (mailbox full)
""",
    HEADERS,
    b"From: postmaster@home.example\r\nSubject: Report\r\n",
)
EXCHANGE = report(
    b"""\
Delivery has failed to these recipients or groups:

amina@home.example
The email address you entered couldn't be found.
""",
    b"""\
Reporting-MTA: dns;AM0PR01.eurprd01.example
Received-From-MTA: dns;mail.city.example
Arrival-Date: Mon, 2 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822;amina@home.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found
X-Display-Name: Amina
""",
    ORIGINAL.replace(
        b"Message-ID: <7.odoo@city.example>",
        b"Message-ID: <new@eurprd01.example>\n"
        b"X-Microsoft-Original-Message-ID: <7.odoo@city.example>",
    ),
    b"From: <postmaster@home.example>\r\nSubject: Undeliverable: Your grievance\r\n"
    b"X-MS-Exchange-Message-Is-Ndr:\r\n",
)
GMAIL = report(
    b"""\
** Address not found **

Your message wasn't delivered to amina@home.example because the address
couldn't be found, or is unable to receive mail.
""",
    b"""\
Reporting-MTA: dns; googlemail.com
Arrival-Date: Mon, 02 Nov 2026 02:00:00 -0800 (PST)

Final-Recipient: rfc822; amina@home.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach
 does not exist.
Last-Attempt-Date: Mon, 02 Nov 2026 02:00:01 -0800 (PST)
""",
    ORIGINAL,
    b"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\r\n"
    b"Subject: Delivery Status Notification (Failure)\r\n"
    b"X-Failed-Recipients: amina@home.example\r\n"
    b"References: <7.odoo@city.example>\r\nIn-Reply-To: <7.odoo@city.example>\r\n",
)
# RFC 6533: this type's parts may be encoded, and Python does not look into it.
INTERNATIONAL = report(
    b"It failed.\n",
    b"""\
Reporting-MTA: dns; mx.home.example

Final-Recipient: utf-8; amina@home.example
Action: failed
Status: 5.1.1
""",
    HEADERS,
    b"From: postmaster@home.example\r\nSubject: Report\r\n",
    kind=b"global-delivery-status",
)
QMAIL = b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.home.example
To: bounce@city.example
Subject: failure notice
Message-ID: <q1@mx.home.example>

Hi. This is the qmail-send program at mx.home.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<amina@home.example>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 User unknown
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

Return-Path: <bounce@city.example>
Message-ID: <7.odoo@city.example>
To: amina@home.example
Subject: Your grievance

Hello
"""
EXIM = b"""\
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mx.home.example>
To: bounce@city.example
Subject: Mail delivery failed: returning message to sender
Auto-Submitted: auto-replied
X-Failed-Recipients: amina@home.example
Message-ID: <e1@mx.home.example>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  amina@home.example
    host mx2.home.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<amina@home.example>:
    550 5.1.1 User unknown

------ This is a copy of the message, including all the headers. ------

Return-path: <bounce@city.example>
Message-Id: <7.odoo@city.example>
Subject: Your grievance
"""
EXIM_DELAYED = b"""\
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mx.home.example>
To: bounce@city.example
Subject: Warning: message 1kZabc-0001Xy-Aa delayed 24 hours
Auto-Submitted: auto-generated
Message-ID: <e2@mx.home.example>

This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.home.example.

The message identifier is:     1kZabc-0001Xy-Aa
The subject of the message is: Your grievance

The address to which the message has not yet been delivered is:

  amina@home.example
    host mx2.home.example [192.0.2.7]: 451 4.7.1 Greylisted
"""
OLD_EXCHANGE = b"""\
From: System Administrator <postmaster@home.example>
To: bounce@city.example
Subject: Undeliverable: Your grievance
Message-ID: <x1@home.example>
Content-Type: text/plain; charset=utf-8

Your message did not reach some or all of the intended recipients.

      Subject:  Your grievance
      Sent:     02.11.2026 10:00

The following recipient(s) could not be reached:

      Amina (amina@home.example)
            The e-mail account does not exist. <mx.home.example #5.1.1>
"""
READ_RECEIPT = report(
    b"Your message was read on Monday.\n",
    b"""\
Reporting-UA: home.example; Thunderbird
Final-Recipient: rfc822;amina@home.example
Original-Message-ID: <7.odoo@city.example>
Disposition: manual-action/MDN-sent-manually; displayed
""",
    HEADERS,
    b"From: Amina <amina@home.example>\r\nSubject: Read: Your grievance\r\n",
    kind=b"disposition-notification",
)
ABUSE = report(
    b"This is an email abuse report.\n",
    b"""\
Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <bounce@city.example>
Original-Rcpt-To: <amina@home.example>
""",
    ORIGINAL,
    b"From: <abusedesk@home.example>\r\nSubject: FW: Your grievance\r\n",
    kind=b"feedback-report",
)
DMARC = b"""\
From: noreply-dmarc-support@provider.example
To: dmarc@city.example
Subject: Report domain: city.example Submitter: provider.example Report-ID: 17
Message-ID: <d1@provider.example>
MIME-Version: 1.0
Content-Type: application/zip;
 name="provider.example!city.example!1793577600!1793663999.zip"
Content-Disposition: attachment;
 filename="provider.example!city.example!1793577600!1793663999.zip"
Content-Transfer-Encoding: base64

UEsDBA==
"""
OUT_OF_OFFICE = b"""\
From: Amina <amina@home.example>
To: info@city.example
Subject: Automatic reply: Your grievance
Message-ID: <o1@home.example>
In-Reply-To: <7.odoo@city.example>
Auto-Submitted: auto-generated
X-Auto-Response-Suppress: All

I am on leave until Monday.
"""
