"""What is known while a batch of mails goes out."""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Dispatch:
    """The batch that ``mail.mail.send`` works on, handed along in the context.

    ``server_is_forced``: somebody chose the server for these mails, so no other may
    stand in. ``current_mail_id``: the mail whose messages are being sent now.
    ``answers``: what was said to its recipients so far (fate.Answer).
    ``keeps_to_senders``: no server is to be used that is for other senders only.
    """

    mail_ids: tuple = ()
    server_is_forced: bool = False
    current_mail_id: int = 0
    answers: list = field(default_factory=list)
    keeps_to_senders: bool = False

    def start_batch(self, mail_ids, server_is_forced):
        """Note which mails come next."""
        self.mail_ids = tuple(mail_ids)
        self.server_is_forced = server_is_forced
        self.current_mail_id = 0
        self.answers = []
