"""Short transactions of their own, for the state that all workers share.

What a worker notes about a server has to count at once for all others, must not be
lost when the mail's own transaction is rolled back, and must never make that one fail:
under Odoo's REPEATABLE READ, two workers that write one row end in a serialization
failure at commit, which may come after the mail went out. So each note is a transaction
of its own in READ COMMITTED: it waits for the row's lock, sees what the others have
committed, and ends at once.
"""

from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, modules

# What the caller itself has locked would be waited for without end: PostgreSQL sees two
# sessions of which one is idle, and no deadlock.
LOCK_SECONDS = 30


@contextmanager
def own_transaction(env):
    """Yield an environment of the superuser that is committed at the end.

    Within Odoo's own tests it is the caller's transaction, which they roll back: no
    other one could see their records.
    """
    if modules.module.current_test:
        env.flush_all()
        with env.cr.savepoint():
            yield env(user=SUPERUSER_ID, context={})
        return
    with env.registry.cursor() as cr:
        cr.execute(
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;"
            "SET LOCAL lock_timeout = %s",
            [f"{LOCK_SECONDS}s"],
        )
        yield api.Environment(cr, SUPERUSER_ID, {})
