"""Which pages a person can reach by links alone, one or a few addresses of each route."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urljoin, urlsplit

from playwright.async_api import BrowserContext

LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"')
EACH = 3  # addresses of one route that are opened; more of the same kind show nothing new


def routes() -> list[str]:
    """Every address that can be opened, as the application declares it: /teams/{team_id}/case."""
    from incubator.app import create_litestar

    return [route.path_format for route in create_litestar().routes if "GET" in getattr(route, "methods", ())]


class Atlas:
    """From an address to its route."""

    def __init__(self, known: Iterable[str]) -> None:
        ordered = sorted(known, key=lambda route: (route.count("{"), -len(route)))
        self._known = [(re.compile(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(route))), route) for route in ordered]

    def route(self, address: str) -> str:
        """The route of an address, "" when there is none."""
        path = urlsplit(address).path
        return next((route for pattern, route in self._known if pattern.fullmatch(path)), "")


@dataclass
class Found:
    """What a crawl came upon: addresses by route, and links that lead nowhere."""

    pages: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)  # routes that were opened, those that lead elsewhere too


async def crawl(context: BrowserContext, atlas: Atlas, start: Iterable[str] = ("/",)) -> Found:
    """Follow links from `start`, breadth first, as whoever is signed in in `context`."""
    found, waiting, seen, opened = Found(), [(each, "start") for each in start], set(start), Counter[str]()
    while waiting:
        address, origin = waiting.pop(0)
        route = atlas.route(address)
        if opened[route] >= EACH:
            continue
        opened[route] += 1
        answer = await context.request.get(address)
        if not route or not answer.ok:
            found.broken.append(f"{answer.status} {address} (linked from {origin})")
            continue
        found.passed.add(route)
        if "text/html" not in answer.headers.get("content-type", ""):
            found.files[route] = address
            continue
        here = urlsplit(answer.url)
        landed = here.path + (f"?{here.query}" if here.query else "")
        found.pages.setdefault(atlas.route(landed), []).append(landed)
        for link in _links(await answer.text(), landed):
            if link not in seen:
                seen.add(link)
                waiting.append((link, landed))
    return found


def _links(html: str, here: str) -> Iterable[str]:
    """Addresses of this site that a page links to, without their fragments."""
    for raw in LINK.findall(html):
        goal = urlsplit(urljoin(f"http://site{here}", unescape(raw)))
        if goal.netloc == "site" and goal.scheme == "http":
            yield goal.path + (f"?{goal.query}" if goal.query else "")
