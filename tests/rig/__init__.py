"""The rig: real servers on 127.0.0.1, for the tests and for the demo.

Nothing here imports Odoo, except ``odoo_fixtures`` when one of its fixtures is used.
Everything is started with ``start()``, which returns when the server answers or raises
``RigError`` in plain words, and ended with ``stop()``; what is not stopped ends with
Python. Ports are free ones that the system picks.

==================== ===========================================================
``certificates``     ``CertificateAuthority``: good, expired and self-signed ones
``dovecot``          ``Dovecot``: IMAP and POP3, plain, STARTTLS and TLS
``postfix``          ``Postfix``: submission with login, and mail from the internet
``fault_proxy``      ``FaultProxy``: cuts, stalls, resets or delays what servers say
``lying_servers``    ``LyingImap``, ``LyingPop``: the truth, except where a test lies
``dripping_server``  ``DrippingServer``: a byte now and then, without an end
``dns_server``       ``DnsServer``: a name server that knows what a test tells it
``https_server``     ``HttpsServer``: answers with a test's files, or oddly
``smtp_sink``        ``SmtpSink``: takes all mail, counts it, fails as planned
``greylisting``      ``GreylistingPolicy``: has Postfix defer each pair once
``odoo_server``      ``OdooServer``: an Odoo process that can be killed
``processes``        ``ManagedProcess``, ``wait_until``, ``free_port``, ``RigError``
``pytest_fixtures``  the fixtures of these servers
``odoo_fixtures``    ``env``, ``odoo_case`` and ``scratch_db`` for plain functions
``browser``          the web client in Chromium: ``page``, ``sign_in``, ``picture``
``skip_guard``       a skipped browser test fails the run
==================== ===========================================================

In a program::

    ca = CertificateAuthority(directory / "certificates")
    dovecot = Dovecot(directory / "dovecot", ca, {"odoo@city.example": "secret"})
    dovecot.start()
    postfix = Postfix(directory / "postfix", ca, dovecot, ["city.example"]).start()
    odoo = OdooServer(
        directory / "odoo",
        "mgp_demo",
        environment={"SSL_CERT_FILE": str(ca.trusted_bundle())},
    ).start()

In a test, the fixtures ``dovecot`` and ``postfix`` are these servers, started by the
first test that asks for them; ``mailbox`` is a new, empty mailbox on both.
"""
