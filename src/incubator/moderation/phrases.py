"""The remark bank: phrases that are written often, one's own and those of a programme."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from incubator.foundation.database import DB, execute, fetch, fetch_one, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Forbidden, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.moderation.rules import MOST_PHRASES, ONLY_AUTHOR, PHRASE_LIMIT, PHRASES, REMARK, SHARE_PHRASE
from incubator.moderation.tables import Phrase
from incubator.moderation.writing import REMARK_ROW
from incubator.people import own_data
from incubator.people.rights import Role, Scope, Verdict, Viewer, admit, guard

FULL = Message("There are {most} phrases already. Take one out that nobody needs.", most=MOST_PHRASES)


@dataclass(frozen=True, slots=True)
class Place:
    """A programme whose phrases the viewer uses; `shared` says whether he may change them."""

    id: UUID
    name: str
    shared: bool


@dataclass(frozen=True, slots=True)
class PhraseRow:
    """A phrase; `programme` is None for one's own."""

    id: UUID
    programme: UUID | None
    programme_name: str
    text: str
    may_edit: bool


def _checks(viewer: Viewer) -> tuple[list[UUID], list[UUID]]:
    """Programmes that the viewer organises, cohorts in which he is a moderator."""
    cohorts = {grant.cohort or grant.where for grant in viewer.grants if grant.role is Role.MODERATOR}
    return viewer.places(Role.ORGANISER, Scope.PROGRAMME), sorted(filter(None, cohorts))


def need_phrases(viewer: Viewer) -> None:
    """Pass whoever checks the work of any team; raises Forbidden."""
    admit(PHRASES, allowed=any(_checks(viewer)))


async def places(viewer: Viewer) -> list[Place]:
    """The programmes whose phrases the viewer uses, by name. One statement."""
    organised, cohorts = _checks(viewer)
    rows = await fetch(
        "SELECT id, name, id = ANY($1) AS shared FROM programme WHERE id = ANY($1)"
        " OR id IN (SELECT programme FROM cohort WHERE id = ANY($2)) ORDER BY name",
        organised, cohorts,
    )  # fmt: skip
    return [Place(**row) for row in rows]


IN_REACH = """
SELECT f.id, f.programme, coalesce(g.name, '') AS programme_name, f.text,
  f.person IS NOT NULL OR f.programme = ANY($2) AS may_edit
FROM phrase f LEFT JOIN programme g ON g.id = f.programme
WHERE (f.person = $1 OR f.programme = ANY($2) OR f.programme IN (SELECT programme FROM cohort WHERE id = ANY($3)))
  AND ($4::uuid IS NULL OR f.programme IS NULL OR f.programme = $4)
ORDER BY f.programme IS NOT NULL, g.name, f.made_at, f.id LIMIT 1000
"""


async def phrases(viewer: Viewer, programme: UUID | None = None) -> Sequence[PhraseRow]:
    """One's own phrases, then those of the programmes in reach, or of one of them; the newest last. One statement."""
    return [PhraseRow(**row) for row in await fetch(IN_REACH, viewer.id, *_checks(viewer), programme)]


async def add(viewer: Viewer, text: str, programme: UUID | None = None) -> UUID:
    """Keep a phrase, for oneself or for everybody who checks work of a programme. Its id."""
    async with DB.transaction():
        need_phrases(viewer)
        if programme is not None:
            await _need_share(viewer, programme)
        phrase = await _keep(viewer, text, programme)
        await _note("phrase.added", viewer, phrase, programme)
    return phrase


async def keep_remark(viewer: Viewer, remark: UUID) -> UUID:
    """Put one's own remark into one's bank; the submission that it stands at."""
    async with DB.transaction():
        row = await fetch_one(REMARK_ROW, remark)
        if row is None:
            raise NotFound
        standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])
        if row["sent_at"] is None and not standing.may(REMARK):
            guard(Verdict.HIDE, REMARK)
        standing.need(REMARK)
        if row["author"] != viewer.id:
            raise Forbidden(ONLY_AUTHOR)
        phrase = await _keep(viewer, row["text"], None)
        await _note("phrase.added", viewer, phrase, None)
    return UUID(str(row["submission"]))


async def _keep(viewer: Viewer, text: str, programme: UUID | None) -> UUID:
    """Write the phrase unless it is there already; its id."""
    known = await fetch_one(
        "SELECT (SELECT id FROM phrase WHERE text = $3 AND person IS NOT DISTINCT FROM $1"
        " AND programme IS NOT DISTINCT FROM $2 LIMIT 1) AS same, count(*) FROM phrase"
        " WHERE person IS NOT DISTINCT FROM $1 AND programme IS NOT DISTINCT FROM $2",
        None if programme else viewer.id, programme, text,
    )  # fmt: skip
    if known is not None and known["same"] is not None:
        return UUID(str(known["same"]))
    if len(text) > PHRASE_LIMIT:
        raise Refused(Message("The remark is too long for the bank: at most {most} characters.", most=PHRASE_LIMIT))
    if known is not None and known["count"] >= MOST_PHRASES:
        raise Refused(FULL)
    phrase = Phrase(id=new_id(), person=None if programme else viewer.id, programme=programme, text=text,
                    made_at=viewer.now, made_by=viewer.id)  # fmt: skip
    await Phrase.insert(phrase)
    return UUID(str(phrase.id))


async def edit(viewer: Viewer, phrase: UUID, text: str) -> None:
    """Change a phrase."""
    async with DB.transaction():
        row = await _held(viewer, phrase)
        await execute("UPDATE phrase SET text = $2 WHERE id = $1", phrase, text)
        await _note("phrase.edited", viewer, phrase, row["programme"])


async def drop(viewer: Viewer, phrase: UUID) -> None:
    """Take a phrase out of the bank; remarks made of it stay."""
    async with DB.transaction():
        row = await _held(viewer, phrase)
        await execute("DELETE FROM phrase WHERE id = $1", phrase)
        await _note("phrase.removed", viewer, phrase, row["programme"])


# Whose it is comes with the same statement: a hidden phrase costs no more than none.
HELD = """
SELECT person, programme, coalesce(programme = ANY($2), false) AS shared,
  programme IN (SELECT programme FROM cohort WHERE id = ANY($3)) AS known
FROM phrase WHERE id = $1 FOR UPDATE
"""


async def need_change(viewer: Viewer, phrase: UUID) -> None:
    """Pass whoever may change this phrase; raises NotFound, Forbidden."""
    async with DB.transaction():
        await _held(viewer, phrase)


async def _held(viewer: Viewer, phrase: UUID) -> Mapping[str, Any]:
    """A phrase that the viewer may change, held; another person's own does not exist for him."""
    row = await fetch_one(HELD, phrase, *_checks(viewer))
    if row is None:
        raise NotFound
    if not (row["shared"] or row["known"] or row["person"] == viewer.id):
        guard(Verdict.HIDE, SHARE_PHRASE)
    admit(SHARE_PHRASE, allowed=row["shared"] or row["person"] == viewer.id)
    return dict(row)


async def _need_share(viewer: Viewer, programme: UUID) -> None:
    """Pass the organisers of the programme; to moderators of it the phrase is known, to others it does not exist."""
    known = {place.id: place.shared for place in await places(viewer)}
    if programme not in known:
        raise NotFound
    admit(SHARE_PHRASE, allowed=known[programme])


async def _note(verb: str, viewer: Viewer, phrase: UUID, programme: UUID | None) -> None:
    """One line for oneself; a programme's bank belongs to no cohort whose journal could hold it."""
    await record(verb, by=viewer.id, at=viewer.now, audience=Audience.SELF, subject=programme or phrase, live=False)


OWN = "SELECT text, made_at AS created_at FROM phrase WHERE person = $1 ORDER BY made_at, id"
own_data.register("phrases", own_data.rows_of(OWN), Message("Remark bank"))
own_data.forget("DELETE FROM phrase WHERE person = $1::uuid", "DELETE FROM checking WHERE person = $1::uuid")
