"""Incoming mail, ours against stock Odoo on the same Dovecot, in one run.

``make bench ARGS="incoming --messages 300 --rounds 2 --only end_to_end"``
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace

from benchmarks import databases, messages
from benchmarks.report import VARIANTS, Line, Report, compare
from benchmarks.rig import ALL_ARRIVED, ALL_JOURNALED, FETCH, PROCESS, Bench, bench
from dev import environment as prepared

IDLE_MAILBOXES = 200
# As many copies of the one mailbox, with TLS, in its place.
MANY_MAILBOXES = """
UPDATE fetchmail_server SET {};
DO $$
DECLARE box fetchmail_server;
BEGIN
    DELETE FROM fetchmail_server RETURNING * INTO box;
    FOR n IN 0 .. {} - 1 LOOP
        box.id := nextval('fetchmail_server_id_seq');
        box."user" := 'idle' || n || '@bench.example';
        INSERT INTO fetchmail_server VALUES (box.*);
    END LOOP;
END $$
"""
WITH_TLS = {
    "stock": "is_ssl = true",
    "ours": "is_ssl = true, connection_security = 'ssl'",
}
SETTLED_ROWS = """
INSERT INTO mail_gateway_inbound
       (server_id, folder, uidvalidity, uid, state, settled_at, acknowledged_at,
        fingerprint, message_id)
SELECT (SELECT min(id) FROM fetchmail_server), 'INBOX', '0', n::text, 'done', now(),
       now(), md5(n::text), n || '@home.example'
  FROM generate_series(1, {}) AS n
"""
ONE_PASS = "SELECT count(*) >= %s FROM ir_cron_progress"
POLLED = (
    "SELECT count(*) FROM fetchmail_server"
    " WHERE date IS NOT NULL AND error_date IS NULL"
)


def end_to_end(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """A mailbox of mixed messages, from the server to the records, one worker."""
    letters = messages.mixed(options.messages)
    lines = []
    for round_trip, target in ((0, "≥ 2.5"), (40, "≥ 6")):
        seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
        statements: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
        cpu: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
        for _round in range(options.rounds):
            for variant in VARIANTS:  # in turn, as others use the machine as well
                with rig.line(round_trip) as port:
                    rig.fill_mailbox(letters)
                    name = rig.database(variant, port)
                    task = {"jobs": [FETCH], "done": ALL_ARRIVED, "goal": len(letters)}
                    [result] = rig.work(name, [task])
                seconds[variant].append(result["seconds"] * 1000 / len(letters))
                statements[variant].append(result["statements"] / len(letters))
                cpu[variant].append(result["cpu"] * 1000 / len(letters))
        lines.append(compare(f"end to end, {round_trip} ms", "ms", seconds, target))
        lines.append(compare(f"worker's processor, {round_trip} ms", "ms", cpu, ""))
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


def idle_mailboxes(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """Many empty mailboxes behind TLS, 40 ms away: one pass of the cron over them."""
    names = [f"idle{number}@bench.example" for number in range(IDLE_MAILBOXES)]
    rates: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    polled: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for name in names:
        rig.dovecot.add_user(name, "secret")
    for _round in range(options.rounds):
        for variant in VARIANTS:
            with rig.line(40, tls=True) as port:
                database = rig.database(variant, port)
                many = MANY_MAILBOXES.format(WITH_TLS[variant], len(names))
                rig.query(database, many)
                task = {"jobs": [FETCH], "done": ONE_PASS, "goal": 1}
                [result] = rig.work(database, [task])
            boxes = int(rig.query(database, POLLED))
            polled[variant].append(boxes)
            rates[variant].append(boxes / result["seconds"])
    stock, ours = (statistics.median(rates[variant]) for variant in VARIANTS)
    line = Line("idle, 40 ms TLS", "boxes/s", stock, ours, ours / stock, "≥ 15", rates)
    total = compare("polled in one pass", "boxes", polled, f"ours = {len(names)}")
    return [line, replace(total, ratio=1 / total.ratio)]


def large_mailbox(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """Ten new messages in a mailbox that holds a hundred thousand read before."""
    seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    answered: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    rig.fill_mailbox([])
    rig.dovecot.fill(messages.ADDRESS, messages.mixed(1)[0], 100_000)
    for number in range(options.rounds):
        for variant in VARIANTS:
            letters = messages.mixed(10, f"{variant}{number}")
            with rig.proxy(40) as proxy:
                name = rig.database(variant, proxy.port)
                # Which also has Dovecot make its index.
                warm = {"done": ONE_PASS, "goal": 1}
                task = {"jobs": [FETCH], "done": ALL_ARRIVED, "goal": 10, "warm": warm}

                def deliver(letters=letters, proxy=proxy):
                    for letter in letters:
                        rig.dovecot.deliver(messages.ADDRESS, letter)
                    proxy.commands.clear()
                    proxy.bytes_back = 0

                [result] = rig.work(name, [task], deliver)
            if number == 0:
                words = b" ".join(proxy.commands).decode(errors="replace").split()
                print(variant, "said", *(w for w in words if w.isupper()))
            seconds[variant].append(result["seconds"] * 1000)
            content = sum(map(len, letters))
            answered[variant].append((proxy.bytes_back - content) / 1024)
    return [
        compare("10 new of 100,000, 40 ms", "ms", seconds, ""),
        compare("answered beside the content", "kB", answered, ""),
    ]


def two_workers(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """A filled journal, processed by one worker and by two.

    On a machine with other work, two that wait for a processor are no faster than
    one, so it is also told what is left without the time that they waited for it.
    """
    rates: dict[str, list[float]] = {"one": [], "two": []}
    unstarved: dict[str, list[float]] = {"one": [], "two": []}
    for _round in range(options.rounds):
        for label, jobs in (("one", [PROCESS]), ("two", [PROCESS, f"{PROCESS}_2"])):
            name, goal = journaled(rig, options.messages)
            task = {"done": ALL_ARRIVED, "goal": goal}
            results = rig.work(name, [{**task, "jobs": [job]} for job in jobs])
            each = 1000 / goal
            rates[label].append(max(r["seconds"] for r in results) * each)
            worked = (r["seconds"] - r["starved"] for r in results)
            unstarved[label].append(max(worked) * each)
    lines = []
    for name, found in (("", rates), (", starving aside", unstarved)):
        one, two = map(statistics.median, found.values())
        name = f"two workers{name} (left: one)"
        lines.append(Line(name, "ms", one, two, one / two, "≥ 1.6", found))
    return lines


def long_history(rig: Bench, options: argparse.Namespace) -> list[Line]:
    """Processing with many settled rows in the journal, for processing with none."""
    rates: dict[int, list[float]] = {}
    unstarved: dict[int, list[float]] = {}
    sizes = (0, 100_000, 1_000_000) if options.full else (0, 100_000)
    for _round in range(options.rounds):
        for size in sizes:
            name, goal = journaled(rig, options.messages)
            rig.query(name, SETTLED_ROWS.format(size))
            rig.query(name, "VACUUM ANALYZE mail_gateway_inbound")
            rig.query(name, "CHECKPOINT")  # else it comes meanwhile
            task = {"jobs": [PROCESS], "done": ALL_ARRIVED, "goal": goal}
            [result] = rig.work(name, [task])
            each = 1000 / goal
            rates.setdefault(size, []).append(result["seconds"] * each)
            worked = result["seconds"] - result["starved"]
            unstarved.setdefault(size, []).append(worked * each)
    lines = []
    for what, found in (("", rates), (", starving aside", unstarved)):
        raw = {str(size): values for size, values in found.items()}
        empty = statistics.median(found[0])
        for size in sizes[1:]:
            now = statistics.median(found[size])
            name = f"{size:,} settled rows{what} (left: 0)"
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
    for scenario in (
        end_to_end,
        two_workers,
        idle_mailboxes,
        large_mailbox,
        long_history,
        big_message,
        backlog,
    )
}


def main() -> int:
    """Measure, print and write what was found."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="1,000 messages, 10^6 rows")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    options = parser.parse_args()
    options.messages = options.messages or (1000 if options.full else 300)
    databases.make_originals(prepared.load())
    report = Report("incoming", "per message", options)
    with bench() as rig:
        for name in options.only:
            report.show(SCENARIOS[name](rig, options))
    print(report.write())
    return 0


if __name__ == "__main__":
    sys.exit(main())
