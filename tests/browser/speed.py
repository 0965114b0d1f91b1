"""What the console costs, as a browser sees it, against its budget.

    .venv-peers/bin/python tests/browser/speed.py [--pages 200] [--seconds 20] [--json]

No test, since it measures the machine too: it prints a table and ends with 1 if something is over its budget. Bytes are those on
the wire, headers and all, by Chromium's own count; the first paint is the browser's own timing with an empty cache, the median of
several. Open pages are played by connections that ask as the page's script does, once a second with what they have already: so
many browsers would measure themselves.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import re
import statistics
import sys
import time
import urllib.parse
import uuid

import console
from playwright.sync_api import sync_playwright

# Name, unit, budget.
BUDGET = {
    "server time of the first page, median of 50": ("ms", 10),
    "first page, all that it loads": ("bytes", 60_000),
    "first contentful paint, median of 7": ("ms", 300),
    "one tick while a change goes on, the largest": ("bytes", 2_000),
    "one tick in which nothing is new, median": ("bytes", 2_000),
    "the API's p99 under open pages": ("ms", 20),
}


class Wire:
    """The bytes of each request of a page, from the browser's own instruments."""

    def __init__(self, page):
        self.urls: dict[str, str] = {}
        self.bytes: list[tuple[str, float]] = []
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": False})
        session.on("Network.requestWillBeSent", lambda event: self.urls.update({event["requestId"]: event["request"]["url"]}))
        session.on("Network.loadingFinished", self.finished)

    def finished(self, event: dict) -> None:
        self.bytes.append((self.urls.get(event["requestId"], ""), event["encodedDataLength"]))


def first_page(system, browser) -> dict[str, float]:
    """With an empty cache, signed in: as somebody opens it in the morning."""
    paints, sizes = [], []
    for _ in range(7):
        visitor = console.visitor(system, browser)
        visitor.sign_in()
        cookies = visitor.context.cookies()
        visitor.context.close()
        context = browser.new_context(viewport=console.DESK)
        context.add_cookies(cookies)
        page = context.new_page()
        wire = Wire(page)
        page.goto(f"{system.url}/console/tier", wait_until="networkidle")
        paints.append(page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        sizes.append(sum(size for _, size in wire.bytes))
        context.close()
    return {
        "first page, all that it loads": statistics.median(sizes),
        "first contentful paint, median of 7": statistics.median(paints),
    }


def ticks(system, browser) -> dict[str, float]:
    """A change, watched to its end; then the page on which nothing goes on but a cooldown."""
    visitor = console.visitor(system, browser).sign_in()
    wire = Wire(visitor.page)
    visitor.start("STAGING")
    visitor.go("/console/tier/progress")
    deadline = time.monotonic() + 60
    while visitor.fact("Ended").count() == 0 and time.monotonic() < deadline:
        visitor.page.wait_for_timeout(200)
    sizes = [size for url, size in wire.bytes if "live=" in url]
    # The last one loads the page anew; a tick is what comes again and again.
    assert len(sizes) >= 3, f"no ticks were seen: {wire.bytes}"
    wire.bytes.clear()
    visitor.go("/console/tier")
    visitor.page.wait_for_timeout(32_000)
    calm = [size for url, size in wire.bytes if "live=" in url]
    visitor.context.close()
    found = {"one tick while a change goes on, the largest": max(sizes)}
    if calm:
        found["one tick in which nothing is new, median"] = statistics.median(calm)
    print(f"   {len(sizes)} ticks of a change, median {statistics.median(sizes):.0f} bytes; {len(calm)} of a cooldown", flush=True)
    return found


def cookie_header(system, browser) -> tuple[str, str]:
    """What a browser that is signed in sends, and its tenant."""
    visitor = console.visitor(system, browser).sign_in()
    header = "; ".join(f"{one['name']}={one['value']}" for one in visitor.context.cookies())
    tenant = visitor.tenant
    visitor.context.close()
    return header, tenant


def server_time(system, cookie: str) -> float:
    """From the request's last byte to the answer's last, over a connection that stands."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(system.url).netloc, timeout=10)
    taken = []
    for _ in range(60):
        begun = time.perf_counter()
        connection.request("GET", "/console/tier", headers={"Cookie": cookie, "Accept-Encoding": "gzip, br"})
        answer = connection.getresponse()
        answer.read()
        taken.append((time.perf_counter() - begun) * 1000)
        assert answer.status == 200, answer.status
    return statistics.median(taken[10:])


def play(url: str, cookies: list[str], seconds: float, told) -> None:
    """Open pages, each asking once a second for its live piece, with what it has already. In a process of its own."""

    async def page(cookie: str, delay: float, end: float) -> tuple[int, int]:
        await asyncio.sleep(delay)
        at = urllib.parse.urlsplit(url)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        tag, answers, failures = "", 0, 0
        while time.monotonic() < end:
            begun = time.monotonic()
            lines = ["GET /console/tier/progress?live=live HTTP/1.1", f"Host: {at.netloc}", f"Cookie: {cookie}"]
            lines += ["HX-Request: true", "Accept-Encoding: gzip, br"] + ([f"If-None-Match: {tag}"] if tag else [])
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status = int(head.split()[1])
            length = re.search(r"content-length: (\d+)", head, re.I)
            if length and status != 304:
                await reader.readexactly(int(length.group(1)))
            elif status not in (204, 304):
                while (size := int(await reader.readline(), 16)) > 0:
                    await reader.readexactly(size + 2)
                await reader.readexactly(2)
            found = re.search(r"^etag: (\S+)", head, re.I | re.M)
            tag = found.group(1) if found else tag
            answers, failures = answers + 1, failures + (status not in (200, 304))
            await asyncio.sleep(max(0.0, 1 - (time.monotonic() - begun)))
        writer.close()
        return answers, failures

    async def all_pages() -> list[tuple[int, int]]:
        end = time.monotonic() + seconds + 2
        return await asyncio.gather(*(page(cookie, at / len(cookies), end) for at, cookie in enumerate(cookies)))

    try:
        counts = asyncio.run(all_pages())
        told.put((sum(one for one, _ in counts), sum(two for _, two in counts)))
    except Exception as error:  # noqa: BLE001 - told to who waits
        told.put(repr(error))


def crowd(system, browser, pages: int, seconds: float) -> tuple[float, float, int]:
    """The API's p99 as an operator's tool sees it while pages are open, the same with none, and the pages' answers."""
    sessions = [cookie_header(system, browser) for _ in range(10)]
    for _, tenant in sessions:
        bearer = system.token(tenant, "super_admin")
        body = {"targetTier": "STAGING", "reason": "something to look at"}
        assert system.ask("POST", f"{console.ADMIN}/tier/change", body, bearer)[0] == 200
    bearer = system.token(str(uuid.uuid4()), "operator")

    def p99(for_seconds: float) -> float:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(system.url).netloc, timeout=10)
        taken, end = [], time.monotonic() + for_seconds
        while time.monotonic() < end:
            begun = time.perf_counter()
            connection.request("GET", f"{console.ADMIN}/tier", headers={"Authorization": f"Bearer {bearer}"})
            answer = connection.getresponse()
            answer.read()
            taken.append((time.perf_counter() - begun) * 1000)
            assert answer.status == 200, answer.status
            time.sleep(0.01)
        return sorted(taken)[int(len(taken) * 0.99)]

    calm = p99(5)
    told = multiprocessing.get_context("spawn").Queue()
    cookies = [sessions[number % len(sessions)][0] for number in range(pages)]
    player = multiprocessing.get_context("spawn").Process(target=play, args=(system.url, cookies, seconds, told))
    player.start()
    time.sleep(2)
    under = p99(seconds)
    answers = told.get(timeout=30)
    player.join(10)
    if isinstance(answers, str) or answers[1] or answers[0] < pages * seconds * 0.8:
        sys.exit(f"the open pages were not answered: {answers} (answers, failures) of {pages} pages in {seconds:.0f} s")
    return under, calm, answers[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=200, help="how many are open at once")
    parser.add_argument("--seconds", type=float, default=20, help="how long they are")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = {}
    with console.System.up(60) as system, sync_playwright() as playwright:
        browser = console.launched(playwright)
        cookie, _ = cookie_header(system, browser)
        found["server time of the first page, median of 50"] = server_time(system, cookie)
        found |= first_page(system, browser)
        found |= ticks(system, browser)
        under, calm, answers = crowd(system, browser, asked.pages, asked.seconds)
        found["the API's p99 under open pages"] = under
        print(f"   {asked.pages} open pages, {answers} ticks; the API's p99 with none open is {calm:.1f} ms", flush=True)
        browser.close()
    over = [name for name, value in found.items() if value > BUDGET[name][1]]
    if asked.json:
        print(json.dumps(found))
    for name, value in found.items():
        unit, budget = BUDGET[name]
        print(f"   {name:48} {value:10,.1f} {unit:6} of {budget:7,}{'  OVER' if name in over else ''}")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
