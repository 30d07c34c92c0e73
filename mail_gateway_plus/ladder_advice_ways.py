"""What an administrator reads about what is not the mail server's own: a proxy on the
way to it, and the provider who hands out tokens for it. Goes with ladder_advice.py."""

from odoo.tools import LazyTranslate

from .core.diagnosis.advice_keys import Advice

_lt = LazyTranslate(__name__)

WAY_ADVICE = {
    Advice.PROXY_UNREACHABLE: (
        _lt("The proxy cannot be reached."),
        _lt(
            "Check its host name and port, that it runs, and that it takes connections "
            "from this machine."
        ),
    ),
    Advice.PROXY_NEEDS_LOGIN: (
        _lt("The proxy wants a login that it was not given."),
        _lt(
            "Enter a user and a password for the proxy. No other kind of login is "
            "supported: one that wants NTLM or Kerberos has to let this machine in by "
            "its address."
        ),
    ),
    Advice.PROXY_LOGIN_REFUSED: (
        _lt("The proxy does not accept its user name or password."),
        _lt(
            "Check both. They are those of the proxy, not of the mailbox; some proxies "
            "want the domain as well, as in CITY\\odoo."
        ),
    ),
    Advice.PROXY_FORBIDS: (
        _lt("The proxy does not allow a connection to this server."),
        _lt(
            "Ask its administrator to allow the server's host and port. Many proxies "
            "allow port 443 only, which no mail server listens on."
        ),
    ),
    Advice.PROXY_NO_WAY: (
        _lt("The proxy works, but does not get through to the server."),
        _lt(
            "Check the server's host name and port. The name is looked up by the "
            "proxy, and the connection starts where the proxy is: a firewall behind it "
            "may refuse the port."
        ),
    ),
    Advice.PROXY_NOT_SPOKEN: (
        _lt("What answers in the place of the proxy does not speak its language."),
        _lt("Check the proxy's port, and whether it is SOCKS5 or HTTP."),
    ),
    Advice.DIRECT_WORKS: (
        _lt("Without the proxy, the server answers."),
        _lt(
            "Remove the proxy and test again, or have its administrator look at what "
            "failed above."
        ),
    ),
    Advice.WAYS_DIFFER: (
        _lt("The server shows something else without the proxy."),
        _lt(
            "Something on one of the two ways changes what is said: a firewall that "
            "inspects mail, or somebody who reads along. Trust the way whose "
            "certificate and encryption are the provider's own."
        ),
    ),
}

APP_ADVICE = {
    Advice.TOKEN_UNAVAILABLE: (
        _lt("Microsoft's login service cannot be asked for a token at the moment."),
        _lt(
            "Try again in some minutes. It has to be reachable by HTTPS from this "
            "machine, directly: the server's proxy is not used for it."
        ),
    ),
    Advice.APP_SECRET_WRONG: (
        _lt("Microsoft does not accept the client secret."),
        _lt(
            "Enter the secret's value, which Microsoft shows only once, and not its "
            "ID. If it is lost, make a new one: App registrations ► your app ► "
            "Certificates & secrets."
        ),
    ),
    Advice.APP_SECRET_EXPIRED: (
        _lt("The client secret has expired."),
        _lt(
            "Make a new one at Microsoft (App registrations ► your app ► Certificates "
            "& secrets), enter its value here and note down when it ends."
        ),
    ),
    Advice.APP_TENANT_UNKNOWN: (
        _lt("Microsoft knows no such tenant."),
        _lt(
            "Enter the Directory (tenant) ID of the app's overview page, and choose "
            "the cloud that your organisation is in."
        ),
    ),
    Advice.APP_UNKNOWN: (
        _lt("The tenant knows no such app."),
        _lt(
            "Enter the Application (client) ID of the app's overview page. If the app "
            "belongs to another tenant, an administrator of yours has to consent to "
            "it first."
        ),
    ),
    Advice.APP_REFUSED: (
        _lt("Microsoft hands out no token for this app."),
        _lt(
            "Its words say why; the code in them is explained at "
            "login.microsoftonline.com/error."
        ),
    ),
    Advice.APP_NO_CONSENT: (
        _lt("The app may not do this: its token lacks the right that is needed."),
        _lt(
            "Add it at Microsoft under API permissions ► APIs my organization uses ► "
            "Office 365 Exchange Online ► Application permissions, then press “Grant "
            "admin consent”. It may take some minutes until tokens have it."
        ),
    ),
    Advice.APP_NO_MAILBOX: (
        _lt("The app has its token, but the mailbox does not let it in."),
        _lt(
            "In Exchange Online, register the app with New-ServicePrincipal and give "
            "it the mailbox with Add-MailboxPermission, as the form shows. Give the "
            "object ID of the enterprise application there, not that of the app "
            "registration. The mailbox must allow IMAP, or authenticated SMTP; "
            "changes take up to an hour."
        ),
    ),
}
