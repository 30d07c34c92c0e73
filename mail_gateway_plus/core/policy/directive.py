"""What the gateway decides about a message before Odoo routes it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Halt:
    """The message becomes no record now.

    ``state`` is :class:`~.outcome.State`'s QUARANTINED or IGNORED; ``reason`` is in the
    reader's words.
    """

    state: str
    reason: str


@dataclass(eq=False)
class Directive:
    """Where a message goes by the gateway's word; what stays empty, Odoo decides.

    ``record_id`` of ``model``, or a new record of it where that is 0. ``values`` are
    for a new record, whatever route makes it; so is the company. ``values_of`` are for
    new records of one model, by its name.
    """

    model: str = ""
    record_id: int = 0
    values: dict = field(default_factory=dict)
    values_of: dict = field(default_factory=dict)
    company_id: int = 0

    def values_for(self, model):
        """Return the values for a new record of a model."""
        return {**self.values, **self.values_of.get(model, {})}


def with_values(routes, directive):
    """Return Odoo's routes with a directive's values for the records that they make.

    :param routes: tuples of model, record id, values, user id and alias, as
        ``message_route`` returns them (mail/models/mail_thread.py)
    """
    return [
        (model, record_id, own if record_id else _joined(own, model, directive), *rest)
        for model, record_id, own, *rest in routes
    ]


def _joined(own, model, directive):
    values = directive.values_for(model)
    return {**(own or {}), **values} if values else own
