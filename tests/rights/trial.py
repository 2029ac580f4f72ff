"""Tries cells: sends a request as somebody and lists everything that is not as the matrix says."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from rights import calls, calls_of_cohorts, calls_of_desk, calls_of_exchange, calls_of_people
from rights.calls import Call
from rights.hall import UUID, Answer, Forms, Hall, Request, encoded
from rights.matrix import NOBODY, ROLES, Line, statuses
from rights.world import SECRETS, may_read

CALLS: dict[str, list[Call]] = {
    **calls.CALLS,
    **calls_of_cohorts.CALLS,
    **calls_of_people.CALLS,
    **calls_of_desk.CALLS,
    **calls_of_exchange.CALLS,
}


@dataclass
class Trial:
    """The cells tried so far."""

    hall: Hall
    cells: int = 0
    _pages: dict[tuple[int, str], list[tuple[str, str]]] = field(default_factory=dict)

    async def request(self, call: Call, role: str) -> Request:
        """A call as this role sends it: the same for all, but for the place where one names oneself."""
        world = self.hall.world
        who = world.people.get(role)
        ids = defaultdict(
            uuid4, world.ids, self=who.id if who else uuid4(), self_email=who.email if who else "x@example.org"
        )
        alone = call.jurors and role in ROLES and role.startswith("juror")
        path = (call.jurors if alone else call.path).format_map(ids)
        if call.method == "GET" or call.headers:
            return Request(call.method, path, call.body, call.kind, call.stream, call.headers)
        typed = {name.format_map(ids): value for name, value in call.form.items()}
        pairs = [pair for pair in await self._form(call, ids) if pair[0] not in typed]
        for name, value in typed.items():
            pairs += [(name, each.format_map(ids)) for each in ([value] if isinstance(value, str) else value)]
        return Request("POST", path, *encoded(pairs, call.upload))

    async def _form(self, call: Call, ids: dict) -> list[tuple[str, str]]:
        """What the form holds before anything is typed; looked up once a call."""
        key = (self.hall.built, call.path)
        if call.page and key not in self._pages:
            async with self.hall.undone():
                page = await self.hall.ask(Request("GET", call.page.format_map(ids)), call.reader)
            forms = Forms(page.text).found
            address = call.address.format_map(ids)
            assert address in forms, f"{call.page} ({page.status}) has no form for {call.path}, only {sorted(forms)}"
            self._pages[key] = forms[address]
        return self._pages.get(key, []) if call.page else []

    async def cell(self, line: Line, call: Call, role: str, letter: str) -> list[str]:
        """What is wrong with the answer to one role; nothing if it is as agreed."""
        self.cells += 1
        request = await self.request(call, role)
        async with self.hall.undone():
            before = await self.hall.touched()
            answer = await self.hall.ask(request, role)
            if found := list(self._status(call, answer, role, letter)):
                return found
            if letter == "A":
                noted = (await self.hall.touched())[1] - before[1]
                alone = role if role in ROLES else ""  # who is a juror besides finds the work where the others do
                found += _allowed(line, call, answer, noted or not alone.startswith(call.noted_of))
            elif await self.hall.changed(before):
                found.append("something was changed")
        found += self.told(answer, role, letter, request.body)
        if letter == "N" or (letter == "D" and role in NOBODY):
            found += await self.like_a_random_one(request, role, answer, call.asks_jury and role.startswith("juror"))
        return found

    def told(self, answer: Answer, role: str, letter: str, sent: bytes = b"") -> list[str]:
        """The secrets in an answer that are not for this role; one's own address is none, and a 404 holds no other.

        What was sent with the request is none either: a refusal gives back what was typed.
        """
        who = self.hall.world.people.get(role)
        everything = (answer.text + repr(answer.headers)).replace(who.email if who else "-", "")
        known = may_read(role, self.hall.state) if letter != "N" else set()
        return [
            f"tells {kind}"
            for kind, word in SECRETS.items()
            if word in everything and kind not in known and word.encode() not in sent
        ]

    def _status(self, call: Call, answer: Answer, role: str, letter: str) -> Iterator[str]:
        wanted = {call.but[role]} if role in call.but else statuses(letter, role, call.method)
        if str(answer.status) not in wanted:
            yield f"{answer.status} instead of {'|'.join(sorted(wanted))}"

    async def like_a_random_one(self, request: Request, role: str, answer: Answer, more: int) -> list[str]:
        """What differs from the answer to ids that nothing has; `more` statements are let pass."""
        if not UUID.search(request.path):
            return []
        async with self.hall.undone():
            other = await self.hall.ask(request.elsewhere(defaultdict(lambda: str(uuid4()))), role)
        names = ("status", "headers", "body")
        pairs = zip(names, answer.without_ids(), other.without_ids(), strict=True)
        found = [f"{name} differs from that of a random id" for name, mine, theirs in pairs if mine != theirs]
        if not other.statements <= answer.statements <= other.statements + more:
            found.append(f"{answer.statements} statements, {other.statements} for a random id")
        return found


def _allowed(line: Line, call: Call, answer: Answer, noted: object) -> list[str]:
    found = []
    if call.shows and SECRETS[call.shows] not in answer.text:
        found.append(f"does not show {call.shows}")
    if line.kept and call.method == line.method and not noted and answer.status < 400:
        found.append("leaves nothing in the journal")
    return found


def cells(line: Line) -> Iterator[tuple[Call, str, str]]:
    """(call, role, letter) of a line, the allowed roles first."""
    for call in CALLS.get(line.key, ()):
        for role in sorted(ROLES, key=lambda role: line.letter(role) != "A"):
            yield call, role, line.letter(role)
