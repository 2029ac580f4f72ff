"""The requests that are measured, as bytes: who sends them, in what turn, and what must come back."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

from bench.data import PASSWORD
from bench.world import World, addresses
from incubator.people import sessions
from incubator.people.queries import token_fingerprint

HOST = "127.0.0.1"
TURNS = 20  # projects, or people, that one connection goes through in turn


@dataclass(frozen=True)
class Request:
    """One kind of request. `turns` gives connection number N its own endless row of raw requests.

    `body` is a piece of text that a right answer holds. Every answer is checked by its status, the first also by its body.
    """

    name: str
    turns: Callable[[int], Iterator[bytes]]
    status: int = 200
    body: str = ""
    most: int = 32  # connections


class Browsers:
    """Signed-in browsers: one session for each person, opened when he is first needed."""

    def __init__(self) -> None:
        self.tokens: dict[UUID, str] = {}

    async def sign_in(self, *people: UUID) -> None:
        """Open sessions as the sign-in does."""
        for person in people:
            self.tokens[person] = await sessions.begin(person)

    def get(self, person: UUID, path: str) -> bytes:
        """A page that this person opens."""
        return raw("GET", path, cookie=self.tokens[person])

    def post(self, person: UUID, path: str, *, accept: str = "text/html", **fields: object) -> bytes:
        """A form that this person sends, with the hidden token of its page."""
        token = sessions.csrf_token(token_fingerprint(self.tokens[person]))
        return raw("POST", path, cookie=self.tokens[person], form={"_csrf": token, **fields}, accept=accept)


def raw(
    method: str, path: str, *, cookie: str = "", form: dict[str, object] | None = None, accept: str = "text/html"
) -> bytes:
    """One request as bytes."""
    head = [
        f"{method} {path} HTTP/1.1",
        f"Host: {HOST}",
        f"Accept: {accept}",
        "Accept-Language: ru",
        "User-Agent: bench",
    ]
    body = b""
    if cookie:
        head.append(f"Cookie: session={cookie}")
    if form is not None:
        body = "&".join(f"{name}={quote_plus(str(value))}" for name, value in form.items()).encode()
        head += [
            f"Origin: http://{HOST}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        ]
    return "\r\n".join([*head, "", ""]).encode() + body


async def requests(world: World) -> list[Request]:
    """Every kind of request on one cohort."""
    browsers = Browsers()
    leads = world.leads[:TURNS]
    await browsers.sign_in(world.organiser, *world.jurors, *(person for person, _ in leads))
    return [
        Request("ranking", lambda _: itertools.repeat(browsers.get(world.organiser, f"/rounds/{world.locked}/result")),
                body="<tr>"),
        Request("juror_list", _rotating([browsers.get(juror, f"/rounds/{world.open}") for juror in world.jurors]),
                body="/projects/"),
        Request("score_sheet", _rotating(list(_sheet_pages(world, browsers))), body='data-criterion="'),
        Request("save_sheet", lambda number: _saves(world, browsers, number), status=303),
        Request("team_home", _rotating([browsers.get(person, f"/teams/{team}") for person, team in leads]),
                body='class="module"'),
        Request("sign_in", lambda number: _sign_ins(world, number), status=303),
        Request("export", lambda _: itertools.repeat(browsers.post(world.organiser, f"/rounds/{world.locked}/sheets.csv")),
                body=";"),
    ]  # fmt: skip


def _rotating(raws: list[bytes]) -> Callable[[int], Iterator[bytes]]:
    """Each connection begins at another place of the same round."""
    return lambda number: itertools.cycle(raws[number * 7 % len(raws) :] + raws[: number * 7 % len(raws)])


def _sheet_pages(world: World, browsers: Browsers) -> Iterator[bytes]:
    by_juror = itertools.groupby(world.sheets, key=lambda sheet: sheet[0])
    for juror, sheets in itertools.islice(by_juror, 8):
        for _, project, _ in itertools.islice(sheets, TURNS):
            yield browsers.get(juror, f"/rounds/{world.open}/projects/{project}")


class _Versions(dict[tuple[UUID, UUID], int]):
    """What version a sheet has by now; kept from one measurement to the next."""

    def next(self, juror: UUID, project: UUID, first: int) -> int:
        """The version that the next saving must name; it makes another one."""
        known = self.get((juror, project), first)
        self[juror, project] = known + 1
        return known


VERSIONS = _Versions()


def _saves(world: World, browsers: Browsers, number: int) -> Iterator[bytes]:
    """Savings of sheets that no other connection touches: each says the version that the one before it made."""
    mine = (
        world.sheets[number * TURNS % len(world.sheets) :][:TURNS]
        if len(world.sheets) >= 32 * TURNS
        else world.sheets[number::32]
    )
    for turn in itertools.count():
        juror, project, first = mine[turn % len(mine)]
        known = VERSIONS.next(juror, project, first)
        marks: dict[str, Any] = {f"mark_{key}": (known + place) % 11 for place, key in enumerate(world.keys)}
        yield browsers.post(
            juror, f"/rounds/{world.open}/projects/{project}", version=known, **marks,
            comment=f"Проблема доказана, решение действует на причину; не хватает сроков. {known}", act="save",
        )  # fmt: skip


def _sign_ins(world: World, number: int) -> Iterator[bytes]:
    """Each connection signs in other people than the rest, so that none is taken for a guesser."""
    emails = list(addresses(world.size, 64))
    for turn in itertools.count():
        email = emails[(number + 32 * turn) % len(emails)]
        yield raw("POST", "/sign-in", form={"email": email, "password": PASSWORD, "next": "/"})
