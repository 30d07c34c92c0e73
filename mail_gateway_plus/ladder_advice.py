"""What an administrator reads about a step of the ladder: the cause, and the remedy."""

from odoo.tools import LazyTranslate

from .core.diagnosis.advice_keys import Advice
from .ladder_advice_ways import APP_ADVICE, WAY_ADVICE

_lt = LazyTranslate(__name__)

LADDER_ADVICE = {
    **WAY_ADVICE,
    **APP_ADVICE,
    Advice.UNKNOWN_HOST: (
        _lt("The host name is not known."),
        _lt("Check its spelling, and that this machine's DNS can resolve it."),
    ),
    Advice.REFUSED: (
        _lt("Nothing listens on that port, or a firewall refuses the connection."),
        _lt("Check the port. If none of the others answers either, open the way out."),
    ),
    Advice.UNREACHABLE: (
        _lt("There is no network path to that host."),
        _lt("Check this machine's network and routing."),
    ),
    Advice.TIMEOUT: (
        _lt("The server did not answer in time."),
        _lt(
            "Usually a firewall drops the connection; many hosting providers close "
            "port 25, some 465 and 587. Ask yours, or use another port of the server."
        ),
    ),
    Advice.ADDRESS_DEAD: (
        _lt("The host has several addresses, and some of them do not answer."),
        _lt(
            "Mail goes through the others, but each connection may wait first. If the "
            "dead ones are IPv6, this machine may have no IPv6 connection."
        ),
    ),
    Advice.DROPPED: (
        _lt("The server closed the connection."),
        _lt(
            "Usually the encryption does not fit the port, or the server refuses this "
            "machine's address."
        ),
    ),
    Advice.SERVER_REFUSES_US: (
        _lt("The server does not speak with this machine's address."),
        _lt(
            "Its words say why: often the address is on a block list, has no name in "
            "the DNS, or has to be allowed by the server's administrator first."
        ),
    ),
    Advice.SERVER_BUSY: (
        _lt("The server is too busy at the moment, or asks this machine to wait."),
        _lt("Try again in some minutes."),
    ),
    Advice.TLS_MISMATCH: (
        _lt("The server does not speak TLS from the start on this port."),
        _lt(
            "Choose STARTTLS, or the port for SSL/TLS: 465 for SMTP, 993 for IMAP, 995 "
            "for POP3."
        ),
    ),
    Advice.PLAIN_ON_TLS_PORT: (
        _lt("This port is for SSL/TLS: the server waits for us to begin it."),
        _lt("Choose SSL/TLS, or the port for STARTTLS."),
    ),
    Advice.TLS_MISSING: (
        _lt("The server does not offer STARTTLS on this port."),
        _lt("Choose SSL/TLS with its own port."),
    ),
    Advice.TLS_STRIPPED: (
        _lt(
            "Something between this machine and the server takes the offer of "
            "encryption out of its answer."
        ),
        _lt(
            "Do not go on without encryption: whoever does this reads along. Switch "
            "off the SMTP inspection of the firewall (“fixup”, “ESMTP inspection”, "
            "virus scanners), or choose SSL/TLS with its own port."
        ),
    ),
    Advice.TLS_FAILED: (
        _lt("The encrypted connection could not be set up."),
        _lt(
            "The server may know only outdated versions of TLS; it has to support TLS "
            "1.2 or newer."
        ),
    ),
    Advice.BANNER_REWRITTEN: (
        _lt("Something on the way has covered the server's greeting with asterisks."),
        _lt(
            "A firewall inspects the connection, and may remove encryption as well. "
            "Switch its SMTP inspection off, or choose SSL/TLS with its own port."
        ),
    ),
    Advice.NOT_ENCRYPTED: (
        _lt("Nothing is encrypted: whoever is on the way reads password and mails."),
        _lt("Choose SSL/TLS or STARTTLS unless the server is on this machine."),
    ),
    Advice.NOT_VERIFIED: (
        _lt("Encrypted for whoever answers: nobody checks that it is your server."),
        _lt("Choose the variant that validates the certificate."),
    ),
    Advice.CERTIFICATE_EXPIRED: (
        _lt("The server's certificate is not valid today."),
        _lt("Its administrator has to renew it. Check this machine's clock as well."),
    ),
    Advice.CERTIFICATE_ENDS: (
        _lt("The server's certificate ends within two weeks."),
        _lt("Tell its administrator; once it has ended, no mail goes through."),
    ),
    Advice.CERTIFICATE_HOST: (
        _lt("The server's certificate belongs to another name."),
        _lt("Enter one of the names that the certificate was issued for."),
    ),
    Advice.CERTIFICATE_SELF_SIGNED: (
        _lt("The server vouches for itself: its certificate is self-signed."),
        _lt(
            "Give the server a public certificate, or enter its own one under Trusted "
            "Authorities on its form."
        ),
    ),
    Advice.CERTIFICATE_UNTRUSTED: (
        _lt("The certificate is not from an authority that this machine trusts."),
        _lt(
            "Enter the issuing authority's certificate under Trusted Authorities on "
            "the server's form, or have the server use a public certificate. It also "
            "has to send the certificates between its own and the authority's."
        ),
    ),
    Advice.WRONG_PASSWORD: (
        _lt("The server does not accept the user name or the password."),
        _lt(
            "Check both. Many providers want the full address as user name and, with "
            "two-factor authentication, an app password instead of your own."
        ),
    ),
    Advice.APP_PASSWORD_GMAIL: (
        _lt("Google takes an app password here, not the account's own password."),
        _lt(
            "Switch on two-step verification, then make an app password at "
            "myaccount.google.com/apppasswords. It has 16 letters; enter it without "
            "spaces. The user name is the full address. Or choose Gmail's own login "
            "(OAuth)."
        ),
    ),
    Advice.APP_PASSWORD_OUTLOOK: (
        _lt("Microsoft does not accept this password."),
        _lt(
            "Outlook.com and most organisations take no passwords at all any more: "
            "choose Outlook's own login (OAuth). Where passwords are still allowed, "
            "the user name is the full address, and with two-factor authentication an "
            "app password is needed."
        ),
    ),
    Advice.APP_PASSWORD_YAHOO: (
        _lt("Yahoo and AOL take an app password here, not the account's own."),
        _lt(
            "Make one under Account Security ► Generate app password; the user name is "
            "the full address."
        ),
    ),
    Advice.APP_PASSWORD_ICLOUD: (
        _lt("iCloud takes an app-specific password here, not the Apple Account's own."),
        _lt("Make one at account.apple.com under App-Specific Passwords."),
    ),
    Advice.BASIC_AUTH_OFF: (
        _lt("The server takes no passwords any more (basic authentication is off)."),
        _lt("Choose Outlook's own login (OAuth) as authentication."),
    ),
    Advice.SMTP_AUTH_OFF: (
        _lt("Sending with a login is switched off for this account or organisation."),
        _lt(
            "The administrator of Microsoft 365 can allow “Authenticated SMTP” for the "
            "mailbox (aka.ms/smtp_auth_disabled)."
        ),
    ),
    Advice.TOKEN_REFUSED: (
        _lt("The server does not accept the token of this account."),
        _lt(
            "Connect the account anew. The address that you connect has to be the one "
            "that is entered as user, and the mailbox must allow this way to log in."
        ),
    ),
    Advice.TOKEN_MISSING: (
        _lt("The provider handed out no token for this account."),
        _lt("Connect the account anew; its words below say what is missing."),
    ),
    Advice.ACCOUNT_LOCKED: (
        _lt("The account is locked, or wants its owner to sign in with a browser."),
        _lt("Sign in to its web mail, answer what is asked there, and test again."),
    ),
    Advice.TOO_MANY_LOGINS: (
        _lt("There were too many logins in a short time."),
        _lt(
            "Wait some minutes before you test again. Read or send less often if it "
            "comes back, and look for other programs that use an old password."
        ),
    ),
    Advice.LOGIN_NEEDS_TLS: (
        _lt("The server takes a password only over an encrypted connection."),
        _lt("Choose STARTTLS, or SSL/TLS with its own port."),
    ),
    Advice.LOGIN_REQUIRED: (
        _lt("The server takes mail only from somebody who has logged in."),
        _lt("Enter user name and password, or choose a login with OAuth."),
    ),
    Advice.LOGIN_NOT_OFFERED: (
        _lt("The server offers no login that we can use on this port."),
        _lt(
            "Choose the port for sending (465 or 587), or leave user and password "
            "empty if the server needs none."
        ),
    ),
    Advice.LOGIN_UNAVAILABLE: (
        _lt("The server cannot check logins at the moment."),
        _lt("Try again in some minutes; if it lasts, tell the server's administrator."),
    ),
    Advice.IMAP_DISABLED: (
        _lt("IMAP is switched off for this account."),
        _lt(
            "Switch it on in the settings of its web mail; in organisations the "
            "administrator has to allow it."
        ),
    ),
    Advice.POP_DISABLED: (
        _lt("POP is switched off for this account."),
        _lt("Switch it on in the settings of its web mail, or use IMAP."),
    ),
    Advice.TOO_MANY_CONNECTIONS: (
        _lt("Too many programs are connected to this account at the same time."),
        _lt(
            "Close mail programs that you do not need, and test again in some minutes."
        ),
    ),
    Advice.RELAY_DENIED: (
        _lt("The server does not pass mail on to other domains for us."),
        _lt(
            "Log in (user and password), use the port for sending (465 or 587), or "
            "have its administrator allow this machine's address."
        ),
    ),
    Advice.SENDER_NOT_ALLOWED: (
        _lt("The account may not send in the name of this sender."),
        _lt(
            "Send from the account's own address, set From Filtering to it, or have "
            "its administrator grant the right to send as this address."
        ),
    ),
    Advice.SENDER_NOT_VERIFIED: (
        _lt("The provider has not verified the sender's address or domain."),
        _lt(
            "Verify it in the provider's console. New accounts may also send only to "
            "verified recipients until they leave the sandbox."
        ),
    ),
    Advice.RECIPIENT_REFUSED: (
        _lt("The server knows no such recipient."),
        _lt("Choose a test recipient that exists, and test again."),
    ),
    Advice.QUOTA: (
        _lt("The account has sent as much as it may for now."),
        _lt(
            "Wait until the limit ends, usually a day, or use a second server. The "
            "settings themselves work."
        ),
    ),
    Advice.MAILBOX_FULL: (
        _lt("The mailbox is full."),
        _lt("Make room in it. Microsoft keeps sent mail in the sender's mailbox."),
    ),
    Advice.TOO_LARGE: (
        _lt("The mail is larger than the server takes."),
        _lt("Set Max Email Size to what the server told."),
    ),
    Advice.GREYLISTED: (
        _lt("The server puts mail from unknown senders off for some minutes."),
        _lt("Nothing is wrong. Test again in five minutes."),
    ),
    Advice.CONTENT_REFUSED: (
        _lt("The server refused the mail for what it is or whom it is from."),
        _lt("Its words say why. Check SPF, DKIM and DMARC of the sender's domain."),
    ),
    Advice.FOLDER_MISSING: (
        _lt("The login works, but the folder cannot be opened."),
        _lt(
            "Check its name, including the folders above it, and the account's rights. "
            "The folders that there are stand below."
        ),
    ),
    Advice.FOLDER_READ_ONLY: (
        _lt(
            "The folder can be read but not written: messages could not be marked as "
            "handled."
        ),
        _lt("Give the account the right to set flags, or leave messages as they are."),
    ),
    Advice.NO_LASTING_NAMES: (
        _lt("The server gives messages no lasting names (UIDL)."),
        _lt("Without them no message is known again. Use IMAP."),
    ),
    Advice.REPLY: (
        _lt("The server refused a command."),
        _lt("Its words are all there is to go by."),
    ),
    Advice.OTHER: (
        _lt("It failed for a reason not seen before."),
        _lt("The transcript shows how far it came."),
    ),
}
