"""What one batch of inbound messages looks up again and again, asked once.

Odoo's gateway searches aliases, alias domains and the sender a dozen times for each
message. Its transactions are REPEATABLE READ: what a search found, it finds again until
this very transaction writes. So the answers are kept in ``cr.cache``, which Odoo
empties at each commit and rollback, to a savepoint as well, and dropped at each write
to one of the models below. Outside of a batch there is no memo and nothing changes.
"""

from odoo import api, fields, models
from odoo.tools import SQL

KEY = "mail_gateway_plus.memo"
# All of the context that the searches below may depend on.
CONTEXT_KEYS = ("active_test", "lang", "allowed_company_ids", "tz")
PARENT = "alias_parent_thread_id"
PLAIN = (str, int, float, bool, type(None))


def begin(env):
    """Have look-ups of this transaction remembered from now on."""
    env.cr.cache.setdefault(KEY, {})


def end(env):
    """Forget, and remember nothing more."""
    env.cr.cache.pop(KEY, None)


def memo_of(env):
    """Return the transaction's memo, or ``None`` outside of a batch."""
    return env.cr.cache.get(KEY)


def forget(records):
    """Drop what was found before a write to ``records`` that may change it."""
    if records and (memo := memo_of(records.env)):
        memo.clear()


def is_plain(domain):
    """Say whether a domain's text tells all about it, as that of an object does not."""
    for item in domain:
        if not isinstance(item, (str, tuple, list)):
            return False
        if isinstance(item, str):
            continue
        value = item[2]
        values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        if not all(isinstance(each, PLAIN) for each in values):
            return False
    return True


def asks_only_for(field, is_excluded, domain):
    """Say whether no record can match a domain, as its value of a field is excluded.

    :param is_excluded: says of one value whether no record has it
    """
    domain = list(domain)
    if not is_plain(domain) or "|" in domain or "!" in domain:
        return False
    for item in domain:
        match item:
            case [name, "=", int() | str() as value] if name == field:
                wanted = [value]
            case [name, "in", list() | tuple() | set() as wanted] if name == field:
                pass
            case _:
                continue
        if all(value and is_excluded(value) for value in wanted):
            return True
    return False


class Remembered:
    """A model whose searches are remembered within one batch.

    A plain class to put before ``models.Model``, so that it may go on any model.
    """

    __slots__ = ()  # as records have, whose classes Odoo combines

    def _memo_key(self, *parts):
        context = tuple(repr(self.env.context.get(key)) for key in CONTEXT_KEYS)
        return (self._name, self.env.uid, self.env.su, context, *parts)

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        memo = memo_of(self.env)
        # No fields: this is ``search``, the only kind that the gateway uses.
        if memo is None or field_names != [] or not is_plain(domain):
            return super().search_fetch(
                domain, field_names, offset=offset, limit=limit, order=order
            )
        key = self._memo_key("search", repr(domain), offset, limit, order)
        if key not in memo:
            found = super().search_fetch(
                domain, field_names, offset=offset, limit=limit, order=order
            )
            memo[key] = found.ids
            return found
        return self.browse(memo[key])

    @api.model
    @api.readonly
    def search_count(self, domain, limit=None):
        memo = memo_of(self.env)
        if memo is None or not is_plain(domain):
            return super().search_count(domain, limit=limit)
        key = self._memo_key("count", repr(domain), limit)
        if key not in memo:
            memo[key] = super().search_count(domain, limit=limit)
        return memo[key]

    @api.private
    def exists(self):
        memo = memo_of(self.env)
        if memo is None or not all(isinstance(each, int) for each in self._ids):
            return super().exists()
        key = (self._name, "exists", self._ids)
        if key not in memo:
            memo[key] = super().exists().ids
        return self.browse(memo[key])

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        forget(records)
        return records

    def write(self, vals):
        forget(self)
        try:
            return super().write(vals)
        finally:  # an override may have searched before the value was there
            forget(self)

    def unlink(self):
        try:
            return super().unlink()
        finally:
            forget(self)


class MailAlias(Remembered, models.Model):
    _inherit = "mail.alias"

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        """Know without asking that a record has no alias, as hardly one has.

        Odoo looks for one in each notification, for its reply address.
        """
        memo = memo_of(self.env)
        is_remembered = memo is not None and self.env.su
        if is_remembered and asks_only_for(PARENT, self._is_no_parent, domain):
            return self.browse()
        return super().search_fetch(
            domain, field_names, offset=offset, limit=limit, order=order
        )

    def _is_no_parent(self, record_id):
        """Say whether no alias belongs to a record of this id, of whatever model."""
        memo = memo_of(self.env)
        key = (self._name, PARENT)
        if key not in memo:
            self.flush_model([PARENT])
            rows = self.env.execute_query(
                SQL("SELECT DISTINCT alias_parent_thread_id FROM mail_alias")
            )
            memo[key] = {parent for (parent,) in rows}
        return record_id not in memo[key]


class MailAliasDomain(Remembered, models.Model):
    _inherit = "mail.alias.domain"

    @api.model
    def _find_aliases(self, email_list):
        """Look each address up once: whether it is an alias depends on no other."""
        memo = memo_of(self.env)
        if memo is None:
            return super()._find_aliases(email_list)
        # Not the whole context: Odoo asks in the mailbox's language and the author's.
        asking = (self._name, self.env.uid, self.env.su, "alias")
        keys = {email: (*asking, email) for email in email_list if email}
        new = [email for email, key in keys.items() if key not in memo]
        if new:
            found = set(super()._find_aliases(new))
            memo.update((keys[email], email in found) for email in new)
        return [email for email in email_list if email and memo[keys[email]]]


class MailGatewayAllowed(Remembered, models.Model):
    _inherit = "mail.gateway.allowed"

    @api.model
    @api.readonly
    def search_count(self, domain, limit=None):
        """Know without asking that an empty list, as it mostly is, has no sender."""
        if memo_of(self.env) is not None and not self.search([], limit=1):
            return 0
        return super().search_count(domain, limit=limit)


class MailTemplate(Remembered, models.Model):
    _inherit = "mail.template"


class IrModel(Remembered, models.Model):
    _inherit = "ir.model"


class IrSequence(Remembered, models.Model):
    _inherit = "ir.sequence"


class ResUsers(Remembered, models.Model):
    _inherit = "res.users"


class IrCron(Remembered, models.Model):
    _inherit = "ir.cron"

    def _trigger_list(self, at_list):
        """Wake a job once a batch: it runs after the commit, once, in any case."""
        memo = memo_of(self.env)
        if memo is None or len(at_list) != 1 or at_list[0] > fields.Datetime.now():
            return super()._trigger_list(at_list)
        key = (self._name, "trigger", self._ids)
        if key not in memo:
            memo[key] = super()._trigger_list(at_list).ids
        return self.env["ir.cron.trigger"].browse(memo[key])
