"""A system that runs, and somebody who looks at it in a browser."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "outside")]

import api  # noqa: E402
import browser as machine  # noqa: E402

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
BINARY = pathlib.Path(os.environ.get("CAPSTAN_BINARY", TARGET / "test-release/capstan")).resolve()
# What was seen, for people: kept after the run.
ARTIFACTS = TARGET / "browser"
ADMIN = "/api/admin/infrastructure"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
# How long anything may take to be seen, in milliseconds: the machine may be busy.
PATIENCE = int(os.environ.get("BROWSER_PATIENCE", "20000"))
# What the next page cut off is no failure. What the policy or the server refuses has another name.
CUT_OFF = re.compile(r"net::ERR_ABORTED$")


class System:
    """`capstan up`, with a folder of its own."""

    def __init__(self, url: str, folder: pathlib.Path):
        self.url, self.folder = url, folder

    @staticmethod
    @contextlib.contextmanager
    def up(speed: int, *options: str):
        """Runs so many times faster than time; `options` are more of `capstan up`'s."""
        if not BINARY.exists():
            sys.exit(f"{BINARY} is not there: cargo build --package local --profile test-release --locked")
        with tempfile.TemporaryDirectory(prefix="capstan-browser-") as name:
            folder = pathlib.Path(name)
            with api.server(BINARY, folder, str(speed), options) as url:
                yield System(url, folder)
            said = (folder / "stderr").read_text()
            assert "defect" not in said and "panicked" not in said, said

    def run(self, *command: str) -> str:
        done = subprocess.run([BINARY, *command], capture_output=True, text=True, env=api.clean(), timeout=30)
        assert done.returncode == 0, f"capstan {' '.join(command)}: {done.stderr}"
        return done.stdout.strip()

    def link(self) -> str:
        """Where somebody signs in who may read this system's folder."""
        said = self.run("console", "--url", self.url, "--data-dir", str(self.folder / "data"))
        found = re.search(r"http://\S+/oauth2/start\?ticket=\S+", said)
        assert found, f"`capstan console` prints no link: {said!r}"
        return found.group()

    def token(self, tenant: str, role: str) -> str:
        command = ("token", "--role", role, "--tenant", tenant, "--subject", "api", "--data-dir", str(self.folder / "data"))
        return self.run(*command)

    def ask(self, method: str, path: str, body: object = None, bearer: str | None = None) -> tuple[int, dict]:
        """What the API answers, without any browser."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)


class Trouble:
    """What a browser complains of while it shows pages; each of them fails the test, unless it was expected."""

    def __init__(self, context: BrowserContext):
        self.found: list[str] = []
        self.expected: list[re.Pattern] = []
        context.on("console", lambda said: said.type in ("error", "warning") and self.add(f"console: {said.text}", said.page))
        context.on("weberror", lambda error: self.add(f"script: {error.error}", error.page))
        context.on("requestfailed", self.failed)
        context.on("response", lambda answer: answer.status >= 400 and self.add(f"{answer.status} {answer.url}"))
        context.on("dialog", lambda dialog: (self.add(f"dialog: {dialog.message}"), dialog.dismiss()))
        # Chromium says most of them on the console, in words that differ by version; this is the event itself.
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"
        )

    def add(self, what: str, page: Page | None = None) -> None:
        self.found.append(f"{what} (at {page.url})" if page else what)

    def failed(self, request) -> None:
        why = request.failure or ""
        if not CUT_OFF.search(why):
            self.add(f"request: {why} {request.url}")

    def unexpected(self) -> list[str]:
        return [one for one in self.found if not any(pattern.search(one) for pattern in self.expected)]


class Visitor:
    """Somebody in a browser of their own, signed in or not yet."""

    def __init__(self, system: System, context: BrowserContext, tenant: str, role: str, subject: str):
        self.system, self.context = system, context
        self.tenant, self.role, self.subject = tenant, role, subject
        self.trouble = Trouble(context)
        self.page = context.new_page()
        self._bearer: str | None = None

    def sign_in(self) -> "Visitor":
        """The way a person goes: the link, the form, the first page."""
        self.page.goto(self.system.link())
        self.fill_in()
        expect(self.page).to_have_url(re.compile(r"/console/tier$"))
        self.page.wait_for_load_state()
        return self

    def fill_in(self, page: Page | None = None) -> None:
        """The issuer's form."""
        page = page or self.page
        expect(page).to_have_url(re.compile(r"/oauth2/authorize\?"))
        page.get_by_label("Name").fill(self.subject)
        page.get_by_label("Role").select_option(self.role)
        page.get_by_label("Tenant").fill(self.tenant)
        page.get_by_role("button", name="Sign in").click()

    def go(self, path: str, status: int = 200) -> Page:
        """Opens a page of the console."""
        if status != 200:
            self.expect(rf"^{status} |status of {status}")
        answer = self.page.goto(self.system.url + path)
        assert answer.status == status, f"{path}: {answer.status}"
        return self.page

    def expect(self, pattern: str) -> None:
        """What the browser may complain of in this test."""
        self.trouble.expected.append(re.compile(pattern))

    def forget_session(self) -> None:
        """As if it had ended: the cookies are gone, those of the issuer stay."""
        names = [cookie["name"] for cookie in self.context.cookies() if re.fullmatch(r"(__Host-)?capstan-(\d+-)?\d", cookie["name"])]
        assert names, self.context.cookies()
        for name in names:
            self.context.clear_cookies(name=name)

    def ask(self, method: str, path: str, body: object = None) -> dict:
        """What the API answers about the same tenant; it must succeed."""
        self._bearer = self._bearer or self.system.token(self.tenant, "super_admin")
        status, answer = self.system.ask(method, path, body, self._bearer)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def tier(self) -> dict:
        return self.ask("GET", f"{ADMIN}/tier")

    def changes(self) -> list[dict]:
        return self.ask("GET", f"{ADMIN}/tier/change-history?limit=50")["changes"]

    def settled(self) -> dict:
        """Waits until nothing is under way."""
        for _ in range(PATIENCE // 50):
            tier = self.tier()
            if tier["transitionStatus"] in ("STABLE", "FAILED"):
                return tier
            time.sleep(0.05)
        raise AssertionError(f"it never ends: {tier}")

    def start(self, target: str, reason: str = "where the test begins") -> None:
        """Has the tenant moved by the API."""
        asked = self.ask("POST", f"{ADMIN}/tier/change", {"targetTier": target, "reason": reason})
        if asked["status"] == "REQUIRES_CONFIRMATION":
            self.ask("POST", f"{ADMIN}/tier/confirm", {"confirmationToken": asked["confirmationToken"]})

    def move(self, target: str, cooldown: int = 0) -> dict:
        """The same, to its end."""
        self.ask("PUT", f"{ADMIN}/tier/cooldown", {"hours": cooldown})
        self.start(target)
        return self.settled()

    def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)

    def look(self, script: str):
        """What a script sees on the page; nothing while the page loads itself anew."""
        try:
            return self.page.evaluate(script)
        except Error as error:
            if "context was destroyed" not in error.message:
                raise
            return None

    def fact(self, name: str):
        """The value beside a name in a list of facts."""
        return self.page.locator("dl > div", has=self.page.get_by_role("term").filter(has_text=name)).get_by_role("definition")


def launched(playwright: Playwright) -> Browser:
    """The machine's Chromium, which asks nobody for news."""
    path = machine.find()
    if path is None:
        sys.exit(machine.MISSING)
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    # Its sandbox needs a user who is not root.
    return playwright.chromium.launch(executable_path=path, args=quiet, chromium_sandbox=os.geteuid() != 0)


def visitor(
    system: System,
    browser: Browser,
    *,
    tenant: str | None = None,
    role: str = "super_admin",
    subject: str = "ada@example.com",
    theme: str = "light",
    phone: bool = False,
    javascript: bool = True,
    without_policy: bool = False,
) -> Visitor:
    """Somebody who is not signed in yet; a tenant that nobody knew, unless one is given."""
    context = browser.new_context(
        viewport=PHONE if phone else DESK,
        is_mobile=phone,
        has_touch=phone,
        color_scheme=theme,
        java_script_enabled=javascript,
        bypass_csp=without_policy,
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(PATIENCE)
    return Visitor(system, context, tenant or str(uuid.uuid4()), role, subject)
