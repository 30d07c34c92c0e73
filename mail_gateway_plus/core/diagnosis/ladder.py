"""The ladder: a server examined step by step, from its name to a mail."""

import time
from contextlib import suppress

from ..parsing.storable import storable
from ..protocols.endpoint import Security
from . import app, direct, looking, reaching, sending, speaking
from .bounded import HangUp
from .catalogue import Problem, advise
from .doors import best_door, try_doors
from .faults import FaultKind, diagnose
from .steps import Finding, Protocol, Step, StepResult, StepState
from .transcript import Transcript

# Seconds for one step, and for all of them together.
STEP_SECONDS = 30.0
LADDER_SECONDS = 120.0
# Of one text that a server gave; some tell their whole policy.
MAX_CHARACTERS = 2000

_WORK = {
    Step.RESOLVE: reaching.resolve,
    Step.CONNECT: reaching.connect,
    Step.PROXY: reaching.proxy,
    Step.GREETING: speaking.greeting,
    Step.TLS: speaking.encryption,
    Step.CAPABILITIES: speaking.capabilities,
    Step.TOKEN: app.token,
    Step.LOGIN: speaking.login,
    Step.ENVELOPE: sending.envelope,
    Step.TEST_MAIL: sending.test_mail,
    Step.FOLDERS: looking.folders,
    Step.NEWEST: looking.newest,
    Step.DIRECT: direct.direct,
}
# Where these fail, another port or security may be the remedy.
_CALLS_FOR_DOORS = {Step.CONNECT, Step.PROXY, Step.GREETING, Step.TLS}
# But not where it is the proxy itself that has to be put right.
_OF_PROXY = {
    FaultKind.PROXY_UNREACHABLE,
    FaultKind.PROXY_NEEDS_LOGIN,
    FaultKind.PROXY_LOGIN_REFUSED,
    FaultKind.PROXY_NOT_SPOKEN,
}


def steps_of(target):
    """Return the steps for a target, in their order."""
    opening = [Step.GREETING, Step.TLS]
    if target.endpoint.security is Security.SSL:
        opening.reverse()
    proxy = target.endpoint.proxy
    reaching_it = [Step.PROXY] if proxy else [Step.RESOLVE, Step.CONNECT]
    steps = [*reaching_it, *opening, Step.CAPABILITIES]
    steps += [Step.TOKEN] * bool(target.app_login) + [Step.LOGIN]
    if target.protocol is Protocol.SMTP:
        steps += [Step.ENVELOPE] + [Step.TEST_MAIL] * (target.content is not None)
    else:
        steps += [Step.FOLDERS] + [Step.NEWEST] * bool(target.newest)
    return steps + [Step.DIRECT] * bool(proxy)


class Climb:
    """One way up the ladder. What a step finds is there for those after it.

    ``seen`` are the messages that were looked into (:class:`~.looking.Seen`), ``door``
    is the port and security that answered where the chosen ones did not.
    """

    def __init__(self, target, step_seconds=STEP_SECONDS, seconds=LADDER_SECONDS):
        self.target = target
        self.transcript = Transcript(target.all_secrets, public=[target.user])
        self.addresses, self.sock, self.session = [], None, None
        self.seen, self.door, self.results = [], None, []
        self.hang_up = HangUp()
        self._step_seconds = step_seconds
        self._deadline = time.monotonic() + seconds
        self._forget_step()

    @property
    def has_passed(self):
        """Whether all steps were made and none of them failed."""
        is_complete = len(self.results) == len(steps_of(self.target))
        return is_complete and not self.has_failed

    def climb(self):
        """Yield a :class:`~.steps.StepResult` for each step, as soon as it is done.

        Those after a failed one are skipped, but for the look at the direct way.
        Nothing is raised: not even what should not happen may leave a screen waiting.
        """
        try:
            for step in steps_of(self.target):
                if self.has_failed and step is not Step.DIRECT:
                    result = StepResult(step, StepState.SKIPPED)
                else:
                    result = self._make(step)
                self.results.append(result)
                yield result
        finally:
            self._close()

    def seconds(self, at_most):
        """Return how long the step may still wait, in seconds."""
        return max(0.1, min(at_most, self._step_deadline - time.monotonic()))

    def details_of(self, step):
        """Return what a step showed, nothing if it was not made."""
        return next((r.details for r in self.results if r.step is step), {})

    @property
    def has_failed(self):
        """Whether a step failed so far."""
        return any(result.state is StepState.FAILED for result in self.results)

    # ------------------------------------------------------------------- one step

    def _forget_step(self):
        self.details, self.failure_advice, self.failure_kind = {}, None, None
        self._step_deadline = self._deadline

    def _make(self, step):
        self._forget_step()
        started = time.monotonic()
        self._step_deadline = min(self._deadline, started + self._step_seconds)
        try:
            with self.hang_up.after(self._step_deadline - started):
                if step is not Step.DIRECT:  # which has a connection of its own
                    self._set_timeout()
                finding, words = _WORK[step](self), ""
        except Exception as error:
            finding, words = self._failed(step, error)
        return StepResult(
            step,
            finding.state,
            round((time.monotonic() - started) * 1000),
            self._scrubbed(finding.details),
            finding.advice,
            self._scrubbed(words),
        )

    def _socket(self):
        return self.session.sock if self.session else self.sock

    def _set_timeout(self):
        if sock := self._socket():
            seconds = min(self._step_seconds, self.target.endpoint.timeout)
            sock.settimeout(self.seconds(seconds))

    def _failed(self, step, error):
        """Return what a failed step comes to, and the words of the failure."""
        fault = diagnose(error)
        kind = self.failure_kind or fault.kind
        if self.hang_up.has_struck:
            kind = FaultKind.TIMEOUT  # whatever it looked like from inside
        self.transcript.note_unless_said(fault.detail)
        problem = Problem.of(step, self.target, kind, error, fault.detail)
        advice = self.failure_advice or advise(problem)
        details = dict(self.details)
        is_for_doors = step in _CALLS_FOR_DOORS and kind not in _OF_PROXY
        if is_for_doors and self._deadline > time.monotonic():
            details["doors"] = try_doors(self.target, self._deadline - time.monotonic())
            self.door = best_door(details["doors"])
        # A mailbox works, whatever its newest messages are like.
        is_needed = step not in (Step.NEWEST, Step.DIRECT)
        state = StepState.FAILED if is_needed else StepState.WARNING
        return Finding(details, state, advice), fault.detail

    def _scrubbed(self, value):
        """Return details without secrets, which a server may have put anywhere."""
        if isinstance(value, str):
            return storable(self.transcript.scrubbed(value))[:MAX_CHARACTERS]
        if isinstance(value, dict):
            return {key: self._scrubbed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._scrubbed(item) for item in value]
        return value

    def _close(self):
        """End the connection, for which nobody waits long."""
        with suppress(Exception):
            self._step_deadline = time.monotonic() + 2.0
            with self.hang_up.after(2.0):
                if self.session:
                    self.session.close()
        self.hang_up.let_go()
        if self.sock:
            with suppress(OSError):
                self.sock.close()
