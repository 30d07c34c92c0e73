"""The steps of a test in the user's words."""

from odoo.tools import LazyTranslate
from odoo.tools.misc import format_date

from .core.diagnosis.advice_keys import Advice
from .core.diagnosis.samples import BAD_SAMPLES, good_sample
from .core.diagnosis.steps import Protocol, Step, StepState
from .core.protocols.endpoint import Security
from .core.protocols.proxy import ProxyType
from .ladder_advice import LADDER_ADVICE

_lt = LazyTranslate(__name__)

LABELS = {
    Step.RESOLVE: _lt("Find the host"),
    Step.CONNECT: _lt("Connect"),
    Step.PROXY: _lt("Connect through the proxy"),
    Step.GREETING: _lt("Greeting"),
    Step.TLS: _lt("Encryption"),
    Step.CAPABILITIES: _lt("Abilities"),
    Step.TOKEN: _lt("Get a token for the app"),
    Step.LOGIN: _lt("Log in"),
    Step.ENVELOPE: _lt("Sender and recipient"),
    Step.TEST_MAIL: _lt("Send a test mail"),
    Step.FOLDERS: _lt("Open the folder"),
    Step.NEWEST: _lt("Where the newest messages would go"),
    Step.DIRECT: _lt("Compare with the direct way"),
}
PROXIES = {ProxyType.SOCKS5: _lt("SOCKS5"), ProxyType.HTTP: _lt("HTTP (CONNECT)")}
COMPARED = {
    "greeting": _lt("Greeting"),
    "encryption": _lt("Encryption"),
    "certificate": _lt("Certificate for"),
    "offered": _lt("Offered"),
}
SECURITIES = {
    Security.NONE: _lt("no encryption"),
    Security.STARTTLS: _lt("STARTTLS"),
    Security.SSL: _lt("SSL/TLS"),
}
SPECIAL_USES = {
    "all": _lt("All mail"),
    "archive": _lt("Archive"),
    "drafts": _lt("Drafts"),
    "flagged": _lt("Flagged"),
    "junk": _lt("Spam"),
    "sent": _lt("Sent"),
    "trash": _lt("Trash"),
}


class StepTexts:
    """Tells what a step found: in short, in rows of a table, and what to do."""

    def __init__(self, env, protocol):
        self._env = env
        self._protocol = protocol

    def waiting_line(self, name, state):
        """Return the line of a step that is not finished."""
        return {
            "name": name,
            "label": self._env._(LABELS[Step(name)]),
            "state": state,
            "milliseconds": 0,
            "summary": "",
            "rows": [],
        }

    def line(self, result):
        """Return the line of a finished step.

        :param result: as :meth:`~.core.diagnosis.steps.StepResult.plain` made it
        """
        step = Step(result["step"])
        details = result["details"] or {}
        line = self.waiting_line(step.value, result["state"])
        tell = getattr(self, f"_{step.value}")
        told = result["state"] != StepState.SKIPPED.value or details
        summary, rows = tell(details) if told else ("", [])
        if result["state"] == StepState.FAILED.value:
            summary = ""
        rows += [
            (self._security(door), self._door_words(door), _tone(door))
            for door in details.get("doors", [])
        ]
        line.update(
            milliseconds=result["milliseconds"],
            summary=summary,
            rows=[row for row in rows if row[1]],
            words=result["words"],
            messages=details.get("messages", []),
            **self._advice(result["advice"]),
        )
        return line

    def samples(self, planned_steps):
        """Return what is said when all is well, and what often goes wrong."""
        protocol = Protocol(self._protocol)
        first = [step for step in planned_steps if step in (Step.TLS, Step.GREETING)]
        is_ssl = first[:1] == [Step.TLS.value]
        security = Security.SSL if is_ssl else Security.STARTTLS
        return {
            "good": "\n".join(good_sample(protocol, security)),
            "bad": [
                [sample.words, self._advice(sample.advice)["cause"]]
                for sample in BAD_SAMPLES[protocol]
            ],
        }

    def failure(self, steps, door):
        """Return which step failed, and what answers instead."""
        failed = [s for s in steps if s["state"] == StepState.FAILED.value]
        if not failed:
            return self._env._("The test failed.")
        label = self._env._(LABELS[Step(failed[0]["step"])])
        told = self._env._("The test failed at the step “%s”.", label)
        if door:
            other = self._env._("What answers is: %s.", self._security(door))
            return f"{told} {other}"
        return told

    def _advice(self, key):
        if not key:
            return {"cause": "", "remedy": ""}
        cause, remedy = LADDER_ADVICE[Advice(key)]
        return {"cause": self._env._(cause), "remedy": self._env._(remedy)}

    def _security(self, door):
        return self._env._(
            "Port %(port)s, %(security)s",
            port=str(door["port"]),
            security=self._env._(SECURITIES[Security(door["security"])]),
        )

    def _door_words(self, door):
        if door["answers"]:
            return self._env._("answers")
        return door["words"]

    # --------------------------------------------------------- one method for a step

    def _resolve(self, details):
        addresses = ", ".join(details.get("addresses", []))
        return addresses, []

    def _connect(self, details):
        tried = details.get("tried", [])
        rows = [
            (
                one["address"],
                one["words"] or self._env._("%s ms", one["milliseconds"]),
            )
            for one in tried
        ]
        return self._env._("Port %s", str(details.get("port", ""))), rows

    def _proxy(self, details):
        _ = self._env._
        kind = details.get("kind")
        rows = [
            (_("Proxy"), details.get("proxy", "")),
            (_("Kind"), _(PROXIES[ProxyType(kind)]) if kind else ""),
            (_("Address"), details.get("address", "")),
        ]
        return details.get("proxy", ""), rows

    def _direct(self, details):
        _ = self._env._
        if not details.get("answers"):
            return _("There is none"), [(_("Reported"), details.get("reason", ""))]
        differences = details.get("differences", [])
        if not differences:
            same = _("The server shows the same without the proxy")
            return same if details.get("compared") else "", []
        rows = []
        for one in differences:
            label = _(COMPARED[one["what"]])
            nothing = _("nothing")
            rows += [
                (_("%s, by proxy", label), one["proxy"] or nothing),
                (_("%s, directly", label), one["direct"] or nothing),
            ]
        return "", rows

    def _greeting(self, details):
        return "", [(self._env._("It says"), details.get("banner", ""))]

    def _tls(self, details):
        _ = self._env._
        if not details.get("version"):
            offered = ", ".join(details.get("offered", []))
            return "", [(_("Offered"), offered)]
        expires = ""
        if details.get("expires"):
            expires = _(
                "%(date)s (%(days)s days)",
                date=format_date(self._env, details["expires"]),
                days=details["days_left"],
            )
        rows = [
            (_("Protocol"), f"{details['version']} {details.get('cipher', '')}"),
            (_("Certificate for"), ", ".join(details.get("names", []))),
            (_("Issued by"), details.get("issuer", "")),
            (_("Valid until"), expires),
            (_("Chain"), " ◂ ".join(details.get("chain", []))),
        ]
        return details["version"], rows

    def _capabilities(self, details):
        _ = self._env._
        rows = [(_("Offered"), ", ".join(details.get("offered", [])))]
        return "", rows

    def _token(self, details):
        _ = self._env._
        minutes = details.get("minutes")
        roles = details.get("roles")
        rows = [
            (_("From"), details.get("host", "")),
            (_("Tenant"), details.get("tenant", "")),
            (_("App"), details.get("client_id", "")),
            (_("Right needed"), details.get("role", "")),
            (_("Rights"), "" if roles is None else ", ".join(roles) or _("none")),
        ]
        valid = _("valid for %s minutes", minutes) if minutes is not None else ""
        return valid, rows

    def _login(self, details):
        _ = self._env._
        ways = ", ".join(details.get("mechanisms", []))
        rows = [(_("User"), details.get("user", "")), (_("Ways to log in"), ways)]
        return details.get("user", ""), rows

    def _envelope(self, details):
        _ = self._env._
        size = details.get("max_size")
        megabytes = _("%s MB", round(size / 1024**2, 1)) if size else ""
        rows = [
            (_("From"), details.get("sender", "")),
            (_("To"), details.get("recipient", "")),
            (_("Largest mail"), megabytes),
        ]
        return f"{details.get('sender', '')} → {details.get('recipient', '')}", rows

    def _test_mail(self, details):
        _ = self._env._
        rows = [
            (_("To"), details.get("recipient", "")),
            (_("The server's answer"), details.get("reply", "")),
        ]
        return details.get("recipient", ""), rows

    def _folders(self, details):
        _ = self._env._
        rows = [
            (folder["name"], self._folder(folder))
            for folder in details.get("folders", [])
        ]
        rows += [
            (_(SPECIAL_USES[use]), name)
            for use, name in details.get("special", {}).items()
        ]
        rows.append((_("All folders"), ", ".join(details.get("names", []))))
        opened = ", ".join(f["name"] for f in details.get("folders", []))
        return opened, rows

    def _folder(self, folder):
        _ = self._env._
        texts = [_("%s messages", folder["messages"])]
        if folder.get("unread") is not None:
            texts.append(_("%s unread", folder["unread"]))
        texts.append(_("can be written") if folder["writable"] else _("read-only"))
        return ", ".join(texts)

    def _newest(self, details):
        count = len(details.get("messages", []))
        return self._env._("%s messages looked into", count), []


def _tone(door):
    return "text-success fw-bold" if door["answers"] else ""
