"""The samples beside a transcript look like one, and mean what stands beside them."""

import pytest
from mgp_core.diagnosis.catalogue import Problem, advise
from mgp_core.diagnosis.faults import FaultKind
from mgp_core.diagnosis.samples import BAD_SAMPLES, good_sample
from mgp_core.diagnosis.steps import Protocol, Step, Target
from mgp_core.protocols.endpoint import Endpoint, Security

each_bad = pytest.mark.parametrize(
    ("protocol", "sample"),
    [(protocol, sample) for protocol in Protocol for sample in BAD_SAMPLES[protocol]],
)


@each_bad
def test_bad_sample_gets_the_advice_that_stands_beside_it(protocol, sample):
    target = Target(protocol, Endpoint("mail.example.com", 0))
    is_login = sample.step is Step.LOGIN
    kind = FaultKind.LOGIN_REFUSED if is_login else FaultKind.REPLY

    problem = Problem.of(sample.step, target, kind, Exception(), sample.words)

    assert advise(problem) is sample.advice


@pytest.mark.parametrize("protocol", Protocol)
def test_encryption_comes_first_or_after_the_greeting(protocol):
    def place_of_tls(security):
        lines = good_sample(protocol, security)
        return next((n for n, line in enumerate(lines) if "TLSv1.3" in line), None)

    assert place_of_tls(Security.SSL) == 0
    assert place_of_tls(Security.STARTTLS) > 1
    assert place_of_tls(Security.NONE) is None
