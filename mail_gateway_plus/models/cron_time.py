"""How long a scheduled action may last before Odoo stops its worker."""

import math
import threading
import time

from odoo.tools import config

from odoo.addons.base.models.ir_cron import MIN_TIME_PER_JOB

# Seconds before the end by which all has to be over: results are still to be written.
MARGIN = 10


def seconds_until_stopped(env):
    """Return for how long the worker goes on at least, in seconds; ``inf``: no limit.

    Odoo kills a worker that runs longer than ``limit_time_real_cron``: -1 means
    ``limit_time_real``; 0 no limit, but with threads ``limit_time_real``
    (service/server.py).
    """
    ends_at = env.context.get("cron_end_time")
    limit = config["limit_time_real_cron"]
    if limit is None or limit < 0 or (not limit and not config["workers"]):
        limit = config["limit_time_real"]
    if ends_at is None or not limit:
        return math.inf
    now = time.monotonic()
    started_at = min(ends_at - MIN_TIME_PER_JOB, _thread_started_at(now))
    return limit - (now - started_at) - MARGIN


def _thread_started_at(now):
    """Return since when a thread of the scheduler works; other jobs came before."""
    thread = threading.current_thread()
    is_scheduler = getattr(thread, "type", None) == "cron"
    started = getattr(thread, "start_time", None)
    return now - (time.time() - started) if is_scheduler and started else now
