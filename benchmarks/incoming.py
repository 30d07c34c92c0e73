"""Incoming mail, ours against stock Odoo on the same Dovecot, in one run.

``make bench ARGS="incoming --messages 300 --rounds 2 --only end_to_end"``
"""

import argparse
import statistics
import sys
from collections.abc import Callable

from benchmarks import databases, messages
from benchmarks.report import VARIANTS, Line, Report, compare
from benchmarks.rig import ALL_ARRIVED, ALL_JOURNALED, FETCH, PROCESS, Bench, bench
from dev import environment as prepared


def end_to_end(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """A mailbox of mixed messages, from the server to the records, one worker."""
    letters = messages.mixed(options.messages)
    lines = []
    for round_trip, target in ((0, "≥ 2.5"), (40, "≥ 6")):
        seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
        statements: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
        for _round in range(options.rounds):
            for variant in VARIANTS:  # in turn, as others use the machine as well
                with rig.line(round_trip) as port:
                    rig.fill_mailbox(letters)
                    name = rig.database(variant, port)
                    task = {"jobs": [FETCH], "done": ALL_ARRIVED, "goal": len(letters)}
                    [result] = rig.work(name, [task])
                seconds[variant].append(result["seconds"] * 1000 / len(letters))
                statements[variant].append(result["statements"] / len(letters))
        lines.append(compare(f"end to end, {round_trip} ms", "ms", seconds, target))
        name = f"statements, {round_trip} ms"
        lines.append(compare(name, "SQL", statements, "ours ≤ 24"))
    return lines


def backlog(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """The same by a real server with default settings, 40 ms away."""
    letters = messages.mixed(min(options.messages, 130), "backlog")
    seconds: dict[str, list[float]] = {}
    for variant in VARIANTS:
        with rig.line(40) as port:
            name = rig.database(variant, port)
            rate = rig.serve(name, letters, timeout=240) * 1000 / len(letters)
            seconds[variant] = [rate]
    return [compare(f"backlog of {len(letters)}, real cron", "ms", seconds, "≥ 20")]


def two_workers(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """A filled journal, processed by one worker and by two."""
    rates: dict[str, list[float]] = {"one": [], "two": []}
    for _round in range(options.rounds):
        for label, jobs in (("one", [PROCESS]), ("two", [PROCESS, f"{PROCESS}_2"])):
            name, goal = journaled(rig, options.messages)
            task = {"done": ALL_ARRIVED, "goal": goal}
            results = rig.work(name, [{**task, "jobs": [job]} for job in jobs])
            seconds = max(result["seconds"] for result in results)
            rates[label].append(seconds * 1000 / goal)
    one, two = map(statistics.median, rates.values())
    line = Line(
        "two workers for one (left: one)", "ms", one, two, one / two, "≥ 1.6", rates
    )
    return [line]


def long_history(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """Processing with many settled rows in the journal, for processing with none."""
    rates: dict[int, list[float]] = {}
    sizes = (0, 100_000, 1_000_000) if options.full else (0, 100_000)
    for _round in range(options.rounds):
        for size in sizes:
            name, goal = journaled(rig, options.messages)
            rig.query(
                name,
                f"""INSERT INTO mail_gateway_inbound (server_id, folder, uidvalidity,
                    uid, state, settled_at, retry_at, fingerprint, message_id)
                SELECT (SELECT min(id) FROM fetchmail_server), 'INBOX', '0', n::text,
                    'done', now(), NULL, md5(n::text), n || '@home.example'
                FROM generate_series(1, {size}) AS n""",
            )
            rig.query(name, "VACUUM ANALYZE mail_gateway_inbound")
            task = {"jobs": [PROCESS], "done": ALL_ARRIVED, "goal": goal}
            [result] = rig.work(name, [task])
            rates.setdefault(size, []).append(result["seconds"] * 1000 / goal)
    empty = statistics.median(rates[0])
    raw = {str(size): values for size, values in rates.items()}
    lines = []
    for size in sizes[1:]:
        now = statistics.median(rates[size])
        name = f"{size:,} settled rows (left: none)"
        lines.append(Line(name, "ms", empty, now, empty / now, "about 1", raw))
    return lines


def big_message(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """What a message of 25 MB adds to a fresh process, in times its size."""
    letter = messages.big(25 * 1024 * 1024)
    growth: dict[str, list[float]] = {}
    for variant in VARIANTS:
        with rig.line(0) as port:
            rig.fill_mailbox([letter])
            name = rig.database(variant, port)
            # In files, as Odoo keeps attachments unless told otherwise: in the
            # database its own INSERT takes seven times their size.
            rig.query(
                name,
                "DELETE FROM ir_config_parameter WHERE key = 'ir_attachment.location'",
            )
            task = {"jobs": [FETCH], "done": ALL_ARRIVED, "goal": 1}
            [result] = rig.work(name, [task])
        grown = (result["peak_kb"] - result["before_kb"]) * 1024
        growth[variant] = [grown / len(letter)]
    return [compare("memory for 25 MB", "× size", growth, "ours ≤ 4")]


def journaled(rig: Bench, count: int) -> tuple[str, int]:
    """Return a database of ours with so many messages in its journal."""
    letters = messages.mixed(count)
    with rig.line(0) as port:
        rig.fill_mailbox(letters)
        name = rig.database("ours", port)
        crons = (
            "UPDATE ir_cron SET active = %s WHERE cron_name LIKE '%%Process Inbound%%'"
        )
        rig.query(name, (crons % "false").replace("%%", "%"))
        rig.work(name, [{"jobs": [FETCH], "done": ALL_JOURNALED, "goal": count}])
        rig.query(name, (crons % "true").replace("%%", "%"))
    return name, count


SCENARIOS: dict[str, Callable[[Bench, argparse.Namespace], list[Line]]] = {
    scenario.__name__: scenario
    for scenario in (end_to_end, two_workers, long_history, big_message, backlog)
}


def main() -> int:
    """Measure, print and write what was found."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="1,000 messages, 10^6 rows")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    options = parser.parse_args()
    if options.full:
        options.messages = max(options.messages, 1000)
    databases.make_originals(prepared.load())
    report = Report("incoming", "per message", options)
    with bench() as rig:
        for name in options.only:
            report.show(SCENARIOS[name](rig, options))
    print(report.write())
    return 0


if __name__ == "__main__":
    sys.exit(main())
