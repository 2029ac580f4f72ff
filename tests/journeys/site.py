"""The site as it is served: a real process of the `incubator` command, its demo, and the ways in."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Page

from browser import watched

COMMAND = (sys.executable, "-c", "from incubator.cli import main; main(prog_name='incubator')")
OURS = ("HOST", "PORT", "INCUBATOR_VAR", "DATABASE_URL", "REDIS_URL", "SMTP_URL", "SECRET_KEY", "PUBLIC_URL", "WORKERS")
PATIENCE = 300  # seconds until the site must answer; a machine may be busy with other tests


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    role: str
    email: str
    password: str
    name: str


@dataclass
class Site:
    """A running `incubator run`."""

    url: str
    words: Mapping[str, str]
    log: Path
    accounts: list[Account] = field(default_factory=list)
    signed_in: dict[str, Any] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    async def start(self) -> None:
        """`incubator run`, until it answers."""
        with self.log.open("ab") as log:
            command = [*COMMAND, "run"]
            self.process = subprocess.Popen(command, env=self.words, stdout=log, stderr=log, start_new_session=True)
        await _answers(self, self.process)

    def kill(self) -> None:
        """The end of it without a word, as when the power goes."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def incubator(self, *arguments: str) -> str:
        """What the command answers on stdout, called beside the running site as an operator would."""
        done = subprocess.run(
            [*COMMAND, *arguments], env=dict(self.words), capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def load_demo(self) -> None:
        """The demo's story and its accounts."""
        self.accounts = [Account(**each) for each in json.loads(self.incubator("demo", "--json"))["accounts"]]

    def account(self, role: str) -> Account:
        """The main demo account of a role."""
        return next(each for each in self.accounts if each.role == role)

    @asynccontextmanager
    async def visitor(self, browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
        """A browser in which nobody is signed in."""
        async with watched(browser, base_url=self.url, **options) as context:
            yield context

    @asynccontextmanager
    async def signed(self, browser: Browser, role: str, **options: Any) -> AsyncIterator[BrowserContext]:
        """A browser in which a demo account is signed in; the form is filled in once for each account."""
        if role not in self.signed_in:
            async with self.visitor(browser) as context:
                page = await context.new_page()
                account = self.account(role)
                await sign_in(page, account.email, account.password)
                self.signed_in[role] = await context.storage_state()
        async with self.visitor(browser, storage_state=self.signed_in[role], **options) as context:
            yield context


async def sign_in(page: Page, email: str, password: str) -> None:
    """Through the form, as people do."""
    if "/sign-in" not in page.url:
        await page.goto("/sign-in")
    await fill_in(page, email, password)
    await page.wait_for_url(lambda url: "/sign-in" not in url)


async def fill_in(page: Page, email: str, password: str) -> None:
    """The form of the sign-in that is here, and its button."""
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", password)
    await page.click("main button[type=submit]")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        port: int = line.getsockname()[1]
        return port


@asynccontextmanager
async def running(folder: Path, **changes: str) -> AsyncIterator[Site]:
    """`incubator run` on a free port until the block ends; `changes` are words of its environment."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    words = {**kept, "INCUBATOR_VAR": str(folder), "PORT": str(port), "SECRET_KEY": "only for tests", **changes}
    site = Site(f"http://127.0.0.1:{port}", words, folder / "site.log")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        await site.start()
        yield site
    finally:
        if site.process is not None:
            site.process.terminate()
            site.process.wait(20)


async def _answers(site: Site, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the site is ready; what it said is the message when it is not."""
    async with httpx.AsyncClient(base_url=site.url) as client:
        for _ in range(PATIENCE * 5):
            assert process.poll() is None, site.log.read_text()
            try:
                if (await client.get("/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
    raise AssertionError(site.log.read_text())
