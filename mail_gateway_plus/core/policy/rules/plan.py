"""What all rules together want with a message.

Rules are taken in their order until one stops. What one has decided stays: later ones
add to it. Fields with several values, such as tags, take those of every rule.
"""

from dataclasses import dataclass, field

from .rule import FINAL, Action, Rule


@dataclass(frozen=True)
class Wish:
    """A field's value that a rule wants, with what its patterns captured."""

    rule: Rule
    value: object
    groups: dict


@dataclass(eq=False)
class Plan:
    """What becomes of a message, gathered rule by rule.

    ``destination`` is the rule that said where it goes, ``record_id`` the record that
    was found for it. ``wishes`` are by model.
    """

    destination: Rule | None = None
    record_id: int = 0
    company_id: int = 0
    wishes: dict = field(default_factory=dict)
    forward_to: list = field(default_factory=list)
    acknowledging: Rule | None = None
    matched: list = field(default_factory=list)

    def add(self, weighing, record_id=0):
        """Add what a rule that holds wants.

        :param record_id: the record that the rule found or names
        :returns: whether later rules count as well
        """
        rule = weighing.rule
        self.matched.append(rule.id)
        if self.destination is None and rule.action is not Action.GO_ON:
            self.destination, self.record_id = rule, record_id
        self.company_id = self.company_id or rule.target_company_id
        for value in rule.values:
            self._wish(rule.model, Wish(rule, value, weighing.groups))
        for address in rule.forward_to:
            if address not in self.forward_to:
                self.forward_to.append(address)
        if rule.template_id and self.acknowledging is None:
            self.acknowledging = rule
        return not rule.stops and rule.action not in FINAL

    def _wish(self, model, wish):
        wishes = self.wishes.setdefault(model, [])
        name = wish.value.field
        taken = any(
            known.value.field == name and known.rule.id != wish.rule.id
            for known in wishes
        )
        if wish.value.kind == "many2many" or not taken:
            wishes.append(wish)
