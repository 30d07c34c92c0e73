"""Outgoing mail, ours against stock Odoo with the same SMTP sink, in one run.

``make bench ARGS="outgoing --messages 300 --rounds 2 --only one_worker"``
"""

import argparse
import contextlib
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence

from benchmarks import databases
from benchmarks.report import Line, Report, compare
from benchmarks.rig import Workers, scratch_directory
from dev import environment as prepared
from tests.rig.latency_proxy import LatencyProxy
from tests.rig.smtp_sink import SmtpSink

SESSIONS = (1, 4, 16)
TASK = {
    # The queue's own method: stock Odoo's cron would run it once an hour.
    "call": ["mail.mail", "process_email_queue"],
    "done": "SELECT count(*) <= %s FROM mail_mail WHERE state = 'outgoing'",
    "goal": 0,
}
ATTEMPTS = """
    WITH attempts AS (
    INSERT INTO mail_gateway_attempt (server_id, server_name, message_id, res_model,
        res_id, phase, outcome, code, create_date, write_date)
    SELECT (SELECT min(id) FROM ir_mail_server), 'Sink', '<' || n || '@bench.example>',
        'bench.ticket', n, 'accepted', 'accepted', 250,
        now() - n * interval '1 second', now()
    FROM generate_series(1, {size}) AS n
    RETURNING id)
    INSERT INTO mail_gateway_recipient (attempt_id, address_hash, domain, outcome)
    SELECT id, md5(id::text), 'home.example', 'accepted' FROM attempts
"""


class Sender(Workers):
    """Workers of Odoo's whose mail goes to a sink, near or far."""

    def send(
        self, variant: str, count: int, round_trip: int = 0, **setup: object
    ) -> dict[str, float]:
        """Return what sending ``count`` mails took: milliseconds, statements each."""
        with SmtpSink() as sink, distance(sink.port, round_trip) as port:
            name = self.database(variant, port, **setup)
            results = self.work(name, [TASK] * int(setup.get("workers", 1)))
            check(sink, count)
        return {
            "ms": max(result["seconds"] for result in results) * 1000 / count,
            "SQL": sum(result["statements"] for result in results) / count,
        }

    def database(self, variant: str, port: int, **setup: object) -> str:
        """Return a copy with queued mails whose server is on ``port``."""
        name = databases.copy(self.environment, variant, databases.QUEUED)
        self.query(name, f"UPDATE ir_mail_server SET smtp_port = {port}")
        if variant == "ours" and setup.get("sessions"):
            self.query(
                name,
                f"UPDATE ir_mail_server SET session_limit = {setup['sessions']}",
            )
        if attempts := setup.get("attempts"):
            self.query(name, ATTEMPTS.format(size=attempts))
            for table in ("mail_gateway_attempt", "mail_gateway_recipient"):
                self.query(name, f"VACUUM ANALYZE {table}")
        return name


@contextlib.contextmanager
def distance(port: int, round_trip_ms: int) -> Iterator[int]:
    """Yield the port of a server that is so far away."""
    if not round_trip_ms:
        yield port
        return
    with LatencyProxy(port, round_trip_ms / 2000) as proxy:
        yield proxy.port


def check(sink: SmtpSink, count: int) -> None:
    """Raise unless every mail came once: what loses or doubles mail is not quick."""
    counts = sink.counts()
    if len(counts) != count or set(counts.values()) != {1}:
        doubled = sum(number > 1 for number in counts.values())
        raise RuntimeError(f"{len(counts)} of {count} mails came, {doubled} twice")


def one_worker(sender: Sender, options: argparse.Namespace) -> Iterator[Line]:
    """A queue of notifications, sent by one worker."""
    for round_trip in (0, 40):
        found: dict[str, list[dict[str, float]]] = {}
        for _round in range(options.rounds):  # in turn: others use the machine as well
            count = options.messages
            stock = sender.send("stock", count, round_trip)
            found.setdefault("stock", []).append(stock)
            for sessions in SESSIONS:
                ours = sender.send("ours", count, round_trip, sessions=sessions)
                found.setdefault(str(sessions), []).append(ours)
        for sessions in SESSIONS:
            for unit in ("ms", "SQL"):
                rates = {
                    variant: [result[unit] for result in found[key]]
                    for variant, key in (("stock", "stock"), ("ours", str(sessions)))
                }
                name = f"{round_trip} ms away, sessions: {sessions}"
                yield compare(name, unit, rates, target(round_trip, sessions, unit))


def target(round_trip: int, sessions: int, unit: str) -> str:
    """Return what is aimed at, where something is."""
    if unit == "SQL":
        return "ours ≤ 22"
    if not round_trip:
        return "≥ 1.2"
    return "≥ 7" if sessions == 16 else ""


def two_workers(sender: Sender, options: argparse.Namespace) -> Iterator[Line]:
    """The same queue by one worker of ours and by two."""
    workers = (1, 2)
    one, two, raw = in_turn(sender, options, "workers", workers)
    yield Line(
        "two workers for one (left: one)", "ms", one, two, one / two, "≥ 1.6", raw
    )


def long_history(sender: Sender, options: argparse.Namespace) -> Iterator[Line]:
    """Sending with many attempts in the table, for sending with none."""
    size = 1_000_000 if options.full else 100_000
    none, many, raw = in_turn(sender, options, "attempts", (0, size))
    name = f"{size:,} attempts (left: none)"
    yield Line(name, "ms", none, many, none / many, "about 1", raw)


def in_turn(
    sender: Sender, options: argparse.Namespace, what: str, values: Sequence[int]
) -> tuple[float, float, dict[str, list[float]]]:
    """Return the medians of ours for two values of a setting, and all numbers."""
    raw: dict[str, list[float]] = {str(value): [] for value in values}
    for _round in range(options.rounds):
        for value in values:
            result = sender.send("ours", options.messages, **{what: value})
            raw[str(value)].append(result["ms"])
    first, second = map(statistics.median, raw.values())
    return first, second, raw


SCENARIOS: dict[str, Callable[[Sender, argparse.Namespace], Iterator[Line]]] = {
    scenario.__name__: scenario for scenario in (one_worker, two_workers, long_history)
}


def main() -> int:
    """Measure, print and write what was found."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="1,000 mails, 10^6 rows")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    options = parser.parse_args()
    if options.full:
        options.messages = max(options.messages, 1000)
    environment = prepared.load()
    databases.make_originals(environment)
    databases.queue_mails(environment, options.messages)
    report = Report("outgoing", "per mail", options)
    with scratch_directory() as directory:
        sender = Sender(directory)
        for name in options.only:
            report.show(SCENARIOS[name](sender, options))
    print(report.write())
    return 0


if __name__ == "__main__":
    sys.exit(main())
