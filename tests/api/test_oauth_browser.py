"""The login pages in a real browser: redirects, cookies and the policy as Chromium takes them, not as we read them."""

from __future__ import annotations

import http.server
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from casectl.api.app import make_app
from tests.api.chromium import chromium, missing
from tests.api.oauth_desk import desk  # noqa: F401 - a fixture
from tests.api.oauth_flows import (
    CHEAP,
    PASSWORD,
    add_client,
    address,
    delays_held,
    exchange,
    give_password,
    is_valid,
    pkce,
    post,
    sql,
)  # fmt: skip
from tests.served import config_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.oauth_desk import LoginDesk

# ruff: noqa: F811 - fixtures

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"

FRAME = "where => { const f = document.createElement('iframe'); f.src = where; document.body.append(f) }"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as made:
        yield made


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of a browser that has been nowhere; whatever breaks the policy fails the test."""
    context = browser.new_context()
    made = context.new_page()
    complaints: list[str] = []
    made.on("console", lambda message: complaints.append(message.text))
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))
    yield made
    context.close()
    assert not [text for text in complaints if "status of 4" not in text]


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """A command that waits on a loopback port for its code: the address, and what arrives."""
    arrived: list[dict[str, list[str]]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split = urlsplit(self.path)
            if split.path == "/callback":
                arrived.append(parse_qs(split.query))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<link rel=icon href=data:,><h1>Back at the command</h1>")

        def log_message(self, *_: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/callback", arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def log_in(page: Any, login: str = "wanda", password: str = PASSWORD) -> None:
    """Fill the form in as a person does, and press Enter."""
    if page.locator("#tenant").count():
        page.get_by_label("Tenant").fill("acme")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_person_lets_a_command_in(desk: LoginDesk, page: Any) -> None:
    proof = pkce()
    with listening() as (back, arrived):
        page.goto(desk.served.url + address(challenge=proof.challenge, redirect_uri=back))
        assert page.title() == "Log in · casectl"
        log_in(page)
        page.get_by_role("heading", name="casectl on the command line wants to act for you").wait_for()
        assert "Logged in as wanda of acme" in page.inner_text("main")
        press(page, "Allow")
        page.get_by_role("heading", name="Back at the command").wait_for()
        (told,) = arrived
    assert (told["state"], told["iss"]) == (["s t&a=te"], [desk.served.url])
    given = exchange(desk.served, told["code"][0], proof, redirect_uri=back)
    assert given.status == 200, given.body
    assert is_valid(desk.served, given.json["access_token"])


def test_a_person_denies(desk: LoginDesk, page: Any) -> None:
    client = add_client(desk.database, "A <b>bold</b> client")
    with listening() as (back, arrived):
        page.goto(desk.served.url + address(client, pkce().challenge, redirect_uri=back))
        log_in(page)
        page.get_by_role("heading", name="A <b>bold</b> client wants to act for you").wait_for()
        assert page.locator("main li").all_inner_texts() == [
            "Create cases",
            "Read cases one reported or is the contact of",
        ]
        press(page, "Deny")
        page.get_by_role("heading", name="Back at the command").wait_for()
        (told,) = arrived
    assert told["error"] == ["access_denied"]
    assert "code" not in told


def test_a_person_approves_a_device(desk: LoginDesk, page: Any) -> None:
    given = post(desk.served, "/oauth/device_authorization", {"client_id": "casectl"}).json
    page.goto(given["verification_uri"])
    log_in(page)
    page.get_by_label("Code").fill(given["user_code"].lower())
    press(page, "Continue")
    assert page.locator(".code-shown").inner_text() == given["user_code"]
    press(page, "Allow")
    page.get_by_role("heading", name="The device is in").wait_for()
    form = {"grant_type": DEVICE, "device_code": given["device_code"], "client_id": "casectl"}
    assert is_valid(desk.served, post(desk.served, "/oauth/token", form).json["access_token"])


def test_a_person_denies_a_device_by_its_link(desk: LoginDesk, page: Any) -> None:
    given = post(desk.served, "/oauth/device_authorization", {"client_id": "casectl"}).json
    page.goto(given["verification_uri_complete"])
    log_in(page)
    press(page, "Deny")
    page.get_by_role("heading", name="Denied").wait_for()
    form = {"grant_type": DEVICE, "device_code": given["device_code"], "client_id": "casectl"}
    assert post(desk.served, "/oauth/token", form).json["error"] == "access_denied"


def test_a_person_who_guesses_must_wait(serving: Any, served_database: Any, page: Any) -> None:
    give_password(served_database, "wanda")
    with serving.serve(make_app(config_of(served_database, **CHEAP))) as served:
        page.goto(served.url + address(challenge=pkce().challenge))
        for _ in range(5):
            log_in(page, password="wrong")
            page.get_by_role("alert").filter(has_text="Login or password is wrong.").wait_for()
            assert page.get_by_label("Login").input_value() == "wanda"
            assert page.get_by_label("Password").input_value() == ""
        with delays_held(served_database):
            log_in(page, password="wrong")
            page.get_by_role("alert").filter(has_text="Too many attempts. Try again in").wait_for()
        sql(served_database, "UPDATE login_delays SET blocked_until = now()")
        log_in(page)
        page.get_by_role("heading", name="wants to act for you").wait_for()


def test_no_other_page_can_frame_the_consent(desk: LoginDesk, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    target = desk.served.url + address(challenge=pkce().challenge)
    page.goto(target)
    log_in(page)
    with listening() as (back, _):
        page.goto(back)
        page.evaluate(
            "where => { const f = document.createElement('iframe'); f.src = where; document.body.append(f) }", target
        )
        patience = time.monotonic() + 10
        while len(page.frames) < 2 and time.monotonic() < patience:
            page.wait_for_timeout(50)
        page.wait_for_timeout(300)
        assert "wants to act" not in page.frames[1].content()
    context.close()


def test_another_site_cannot_send_the_form(desk: LoginDesk, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    target = desk.served.url + address(challenge=pkce().challenge)
    page.goto(target)
    log_in(page)
    page.get_by_role("button", name="Allow").wait_for()
    token = page.locator("input[name=form]").first.get_attribute("value")
    with listening() as (back, arrived):
        page.goto(back.replace("127.0.0.1", "localhost").replace("/callback", "/elsewhere"))
        page.evaluate(
            """([where, token]) => { const f = document.createElement('form'); f.method = 'post'; f.action = where;
            for (const [n, v] of [['form', token], ['action', 'allow']]) { const i = document.createElement('input');
            i.name = n; i.value = v; f.append(i) } document.body.append(f); f.submit() }""",
            [target, token],
        )
        page.get_by_role("heading", name="This cannot be read").wait_for()
        assert not arrived
    context.close()


def test_the_pages_fit_a_phone_and_a_keyboard(desk: LoginDesk, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 600}, color_scheme="dark")
    page = context.new_page()
    page.goto(desk.served.url + address(challenge=pkce().challenge))
    assert (
        page.evaluate("document.activeElement.id") == "tenant" or page.evaluate("document.activeElement.id") == "login"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(227, 233, 240)"
    log_in(page)
    page.get_by_text("rights, one by one").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.get_by_text("Create cases").is_visible()
    context.close()
