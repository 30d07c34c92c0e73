"""The web client in a real browser: Chromium, driven by Playwright.

``page`` is signed in as the administrator in developer mode; ``sign_in`` opens further
pages for others. A page that logs an error or lets one go uncaught fails its test; of
a failed test every page and Odoo's log are kept in ``.run/screenshots``. The functions
below act on fields and buttons by their names in the view, as Odoo's own tours do.

Module scope, not session: while Playwright runs, its event loop counts as the running
one of this thread, and later tests could not use asyncio.
"""

import contextlib
import os
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dev import database, environment
from dev.debian_packages import BROWSERS
from dev.paths import ROOT, make_state_directory
from tests.rig.certificates import CertificateAuthority
from tests.rig.odoo_server import OdooServer
from tests.rig.processes import RigError, managed_ids

if TYPE_CHECKING:  # the tests without a browser run without it
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
    )

SignIn = Callable[[str, str], "Page"]
TakePicture = Callable[..., Path]

VIEWPORT = {"width": 1280, "height": 800}
PROFILE = {
    "viewport": VIEWPORT,
    "locale": "en-US",
    "timezone_id": "UTC",
    "color_scheme": "light",
}
PATIENCE_MS = 15_000
PUBLISHED_PICTURES = ROOT / "mail_gateway_plus" / "static" / "description"
MAIL_QUEUE_CRON = "mail.ir_cron_mail_scheduler_action"

# Nothing is downloaded, updated or asked for: the browser talks to our Odoo only.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
]

TO_THE_TOP = """
    document.activeElement?.blur();
    document.querySelectorAll(".o_content, .o_form_sheet_bg, .o_form_renderer")
        .forEach((element) => element.scrollTo(0, 0));
"""
# Developer mode shows a database's name beside the user's: ours is a test's.
HIDE_DATABASE = ".o_user_menu mark { display: none !important; }"

_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note on the test whether it failed, for the fixtures that end after it."""
    report = yield
    if report.failed:
        item.stash[_failed] = True
    return report


@pytest.fixture(scope="module")
def web_odoo_environment() -> dict[str, str]:
    """Variables of the environment that Odoo is started in; a module may have some."""
    return {}


@pytest.fixture(scope="module")
def web_odoo(
    rig_directory: Path,
    certificate_authority: CertificateAuthority,
    web_odoo_environment: dict[str, str],
    request: pytest.FixtureRequest,
) -> Iterator[OdooServer]:
    """An Odoo on a database of this module's own, with the web client.

    Its scheduler rests, so that nothing changes on the screen behind a test's back:
    a test has a job done with ``run_cron``.
    """
    module = request.module.__name__.rpartition(".")[2]
    name = f"mgp_{module}_{os.getpid()}"
    tree = environment.load()
    database.copy_for_run(tree, name)
    server = OdooServer(
        rig_directory / module,
        name,
        options={"max_cron_threads": "0"},
        environment={
            "SSL_CERT_FILE": str(certificate_authority.trusted_bundle()),
            "ODOO_NOTIFY_CRON_CHANGES": "1",
            **web_odoo_environment,
        },
    )
    try:
        yield server.start()
    finally:
        server.stop()
        tree.cluster.drop_database(name)


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A running browser without pages."""
    from playwright.sync_api import expect, sync_playwright

    paths = filter(None, map(shutil.which, BROWSERS))
    path = next(paths, None)
    if path is None:
        raise RigError("no Chromium or Chrome is installed: run `make prepare`")
    expect.set_options(timeout=PATIENCE_MS)
    before = _children()
    with contextlib.ExitStack() as stack:
        with _unlimited_memory():
            playwright = stack.enter_context(sync_playwright())
        # Odoo's clean-up after a test class must not take them for forgotten ones.
        drivers = _children() - before
        managed_ids.update(drivers)
        try:
            browser = playwright.chromium.launch(
                executable_path=path, args=CHROMIUM_ARGUMENTS
            )
            yield browser
            browser.close()
        finally:
            managed_ids.difference_update(drivers)


@pytest.fixture(scope="module")
def browser_profiles(chromium: "Browser") -> dict[str, "BrowserContext"]:
    """Each user's cookies and cache, by login: signing in loads the client once."""
    return {}


@pytest.fixture
def sign_in(
    chromium: "Browser",
    browser_profiles: dict[str, "BrowserContext"],
    web_odoo: OdooServer,
    request: pytest.FixtureRequest,
) -> Iterator[SignIn]:
    """A function that signs a user in and returns the page: login, password."""
    pages: list[Page] = []
    errors: list[str] = []

    def watch(message: "ConsoleMessage") -> None:
        if message.type == "error":
            errors.append(f"console: {message.text}")

    def open_page(login: str, password: str) -> "Page":
        is_new = login not in browser_profiles
        if is_new:
            browser_profiles[login] = chromium.new_context(**PROFILE)
            browser_profiles[login].set_default_timeout(PATIENCE_MS)
        page = browser_profiles[login].new_page()
        page.on("console", watch)
        page.on("pageerror", lambda error: errors.append(f"uncaught: {error}"))
        pages.append(page)
        page.goto(f"{web_odoo.url}/{'web/login' if is_new else 'odoo'}")
        if is_new:
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", password)
            page.click("form.oe_login_form button[type=submit]")
        page.wait_for_selector(".o_web_client .o_main_navbar")
        return page

    yield open_page
    failed = request.node.stash.get(_failed, False)
    for number, page in enumerate(pages, start=1):
        if failed or errors:
            stem = _evidence(f"{request.node.name}-{number}")
            page.screenshot(path=stem.with_suffix(".png"))
            stem.with_suffix(".html").write_text(page.content(), encoding="utf-8")
        page.close()
    if failed or errors:
        stem = _evidence(request.node.name)
        stem.with_suffix(".errors.txt").write_text("\n".join(errors), encoding="utf-8")
        shutil.copy(web_odoo.log_path, stem.with_suffix(".odoo.log"))
    if errors and not failed:
        pytest.fail("the web client reported errors:\n" + "\n".join(errors))


@pytest.fixture
def page(sign_in: SignIn, web_odoo: OdooServer) -> "Page":
    """A page of the administrator, developer mode on."""
    page = sign_in(web_odoo.login, web_odoo.password)
    page.goto(f"{web_odoo.url}/odoo?debug=1")
    page.wait_for_selector(".o_main_navbar")
    return page


@pytest.fixture
def picture() -> TakePicture:
    """A function that takes a picture of a page under a name, and returns its path.

    They go to ``.run/pictures``, to be looked at; with PICTURES=update in the
    environment, those that are ``published`` replace the README's.
    """
    is_updating = os.environ.get("PICTURES") == "update"

    def take(
        page: "Page",
        name: str,
        height: int = VIEWPORT["height"],
        published: bool = False,
    ) -> Path:
        folder = PUBLISHED_PICTURES
        if not (published and is_updating):
            folder = make_state_directory() / "pictures"
            folder.mkdir(exist_ok=True)
        page.set_viewport_size({**VIEWPORT, "height": height})
        page.mouse.move(0, 0)
        settle(page)
        page.evaluate(TO_THE_TOP)
        path = folder / f"{name}.png"
        page.screenshot(
            path=path, animations="disabled", caret="hide", style=HIDE_DATABASE
        )
        page.set_viewport_size(VIEWPORT)
        return path

    return take


# ------------------------------------------------------------------- acting on a page


def open_action(page: "Page", action: str) -> None:
    """Open a window action by its external id, as a menu does."""
    address = page.url.partition("/odoo")[0]
    page.goto(f"{address}/odoo/action-{action}?debug=1")
    settle(page)


def follow_menu(page: "Page", *names: str) -> None:
    """Click through the menus of the app that is open: section, then entry."""
    section, entry = names
    sections = page.locator(".o_menu_sections")
    sections.get_by_role("button", name=section, exact=True).click()
    # Under a heading of its own in long menus, as Technical has.
    entries = page.locator(".o-dropdown--menu")
    entries.get_by_role("menuitem", name=entry, exact=True).first.click()
    settle(page)


def settle(page: "Page") -> None:
    """Wait until nothing loads and the fonts are there."""
    page.wait_for_selector(".o_action_manager .o_view_controller, .o_dialog, .o_apps")
    page.wait_for_function("!document.querySelector('.o_loading_indicator')")
    page.evaluate("document.fonts.ready.then(() => true)")


def field(page: "Page", name: str) -> "Locator":
    """Return a field of the form by its name."""
    return page.locator(f".o_form_view div.o_field_widget[name='{name}']").first


def fill(page: "Page", name: str, value: str | int) -> None:
    """Type into a field of the form."""
    box = field(page, name).locator("input, textarea").first
    box.fill(str(value))
    box.press("Tab")


def choose(page: "Page", name: str, label: str) -> None:
    """Choose one of a field's radio buttons."""
    field(page, name).get_by_label(label, exact=True).check()


def pick(page: "Page", name: str, label: str) -> None:
    """Choose a record for a many2one field by typing its name."""
    field(page, name).locator("input").fill(label)
    choices = page.locator(".o-autocomplete--dropdown-menu")
    choices.get_by_text(label, exact=True).first.click()


def add_line(page: "Page", name: str) -> "Locator":
    """Add a line to a list of the form and return its row."""
    lists = page.locator(f".o_field_widget[name='{name}']")
    lists.get_by_role("button", name="Add a line").click()
    return lists.locator("tr.o_selected_row")


def press(page: "Page", name: str) -> None:
    """Press the button of the form or list with this name."""
    page.locator(f"button[name='{name}']:visible").first.click()


def diagnose(page: "Page", headline: str) -> "Locator":
    """Press *Test & Confirm* and wait for how it ends; return the dialog's ladder."""
    from playwright.sync_api import expect

    press(page, "action_diagnose")
    ladder = page.locator(".modal .o_diagnosis_ladder")
    expect(ladder.locator("[name=headline]")).to_contain_text(headline)
    return ladder


def close_dialog(page: "Page") -> None:
    """Close the dialog and wait until it is gone."""
    page.locator(".modal-footer").get_by_role("button", name="Close").click()
    page.wait_for_selector(".modal", state="detached")


def prove(page: "Page") -> None:
    """Test a server that works; return when its form says that it is confirmed."""
    diagnose(page, "is confirmed")
    close_dialog(page)
    expect_status(page, "Confirmed")


def save(page: "Page") -> None:
    """Save the form and wait until it is saved."""
    page.locator(".o_form_button_save:visible").click()
    page.wait_for_selector(".o_form_saved", state="attached")


def expect_status(page: "Page", text: str) -> None:
    """Wait until ``text`` is the current one of the statuses above the form.

    A form loads its record anew some time after a button's notification shows.
    """
    from playwright.sync_api import expect

    current = page.locator(".o_statusbar_status .o_arrow_button_current")
    expect(current).to_have_text(text)


def notification(page: "Page", text: str) -> "Locator":
    """Return the notification that says ``text``; others may show beside it."""
    return page.locator(".o_notification").filter(has_text=text)


def rows(page: "Page") -> "Locator":
    """Return the records of the list."""
    return page.locator(".o_list_view tr.o_data_row")


def run_cron(odoo: OdooServer, external_id: str) -> None:
    """Have a scheduled job done now; return when it is."""
    odoo.call("ir.cron", "method_direct_trigger", [[odoo.cron_id(external_id)]])


# ---------------------------------------------------------------------------- evidence


def _evidence(name: str) -> Path:
    """Return the path, without a suffix, of what is kept of a failed test."""
    folder = make_state_directory() / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder / re.sub(r"[^\w-]+", "_", name)


@contextlib.contextmanager
def _unlimited_memory() -> Iterator[None]:
    """Let programs that are started now reserve as much address space as they like.

    Odoo limits its own process and so its children (``limit_memory_hard``); Chromium
    reserves many times that and ends at once when it may not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _children() -> set[int]:
    """Return the ids of this process's children."""
    import psutil

    return {child.pid for child in psutil.Process().children()}
