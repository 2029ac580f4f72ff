"""What teams do for each other: open work to the cohort, close it, remark on it, answer; and how a remark is hidden."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from incubator.exchange.queries import OPENED, Showing, showing
from incubator.exchange.rules import (
    ANSWER_PEERS,
    CHANGED,
    CLOSE_WORK,
    CLOSED_ALREADY,
    COHORT_OVER,
    HIDDEN,
    HIDE_REMARK,
    OPEN_ALREADY,
    OPEN_WORK,
    REMARK_AS_PEER,
    TEAM_LEFT,
    Reply,
    as_seen,
)
from incubator.exchange.tables import OpenedWork, PeerRemark
from incubator.foundation.database import DB, execute, fetch_one, fetch_value, new_id
from incubator.foundation.i18n import Message
from incubator.foundation.refusals import Clash, Forbidden, NotFound, Refused
from incubator.journal.actions import Audience, record
from incubator.people.rights import Right, Viewer
from incubator.programmes.rules import CohortState
from incubator.stages import hooks
from incubator.stages.answers import answers
from incubator.teams.cases import from_content
from incubator.teams.queries import team_for
from incubator.teams.rules import TeamRef


async def open_work(viewer: Viewer, team_id: UUID, work: UUID | None, version: UUID, wish: str = "") -> UUID:
    """Open the last sent version of a piece of work, or with None of the case, to the cohort. Its id.

    `version` is the one that the preview has shown.
    """
    async with DB.transaction():
        team = await team_for(viewer, team_id)
        team.standing.need(OPEN_WORK)
        await _demand_going_on(team)
        shown = await showing(team_id, work)
        if shown.version != version:
            raise Clash(CHANGED)
        made = _row(viewer, team_id, shown, wish)
        try:
            async with DB.transaction():
                await OpenedWork.insert(made)
        except asyncpg.UniqueViolationError:
            raise Refused(OPEN_ALREADY) from None
        await _record("exchange.opened", viewer, team.cohort, team_id, UUID(str(made.id)), title=shown.title)
    return UUID(str(made.id))


def _row(viewer: Viewer, team_id: UUID, shown: Showing, wish: str) -> OpenedWork:
    of_case = shown.submission is None
    return OpenedWork(
        id=new_id(), team=team_id, submission=shown.submission, revision=None if of_case else shown.version,
        case_version=shown.version if of_case else None, title=shown.title, module=shown.module, wish=wish,
        words=_words(shown), opened_at=viewer.now, opened_by=viewer.id,
    )  # fmt: skip


def _words(shown: Showing) -> str:
    """The text of a version as it is searched: what peers read of it, without the names of files."""
    if shown.submission is None:
        return case_words(shown.content)
    return "\n".join(each.words for each in answers(shown.fields, shown.content) if not each.files)


def case_words(content: Mapping[str, Any]) -> str:
    """The text of a case as it is searched, but for its name."""
    case = from_content(content)
    indicators = [figure.name for figure in case.indicators]
    return "\n".join((case.problem, case.affected, *case.causes, *case.effects, case.expected_change, *indicators))


async def _demand_going_on(team: TeamRef) -> None:
    """Nothing new is shown or said while the jury judges the work, when the team has left, or the cohort is over."""
    reason = TEAM_LEFT if team.withdrawn_at else COHORT_OVER if team.cohort_state is CohortState.CLOSED else None
    if reason := reason or await hooks.frozen(team.id):
        raise Forbidden(reason)


async def close_work(viewer: Viewer, opened: UUID) -> UUID:
    """Take opened work back: from this moment no peer finds it. Its team's id."""
    async with DB.transaction():
        row = await _judged(viewer, opened, CLOSE_WORK)
        if row["closed_at"] is not None:
            raise Refused(CLOSED_ALREADY)
        await execute(
            "UPDATE opened_work SET closed_at = $2, closed_by = $3 WHERE id = $1", opened, viewer.now, viewer.id
        )
        await _record("exchange.closed", viewer, row["cohort"], row["team"], opened, title=row["title"])
    return UUID(str(row["team"]))


async def _judged(viewer: Viewer, opened: UUID, wanted: Right) -> Mapping[str, Any]:
    """Opened work, held, to whoever may do this with it; raises NotFound to those who do not see it."""
    row = await fetch_one(f"{OPENED} WHERE o.id = $1 FOR UPDATE OF o", opened)
    if row is None:
        raise NotFound
    standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])
    as_seen(standing, is_open=row["closed_at"] is None and row["withdrawn_at"] is None).need(wanted)
    return dict(row)


async def remark(viewer: Viewer, opened: UUID, text: str) -> UUID:
    """Say something about the work of another team of one's cohort. The remark's id."""
    async with DB.transaction():
        row = await _judged(viewer, opened, REMARK_AS_PEER)
        await _demand_going_on(await team_for(viewer, row["team"]))
        made = PeerRemark(id=new_id(), opened=opened, team=await _own_team(viewer, row["cohort"]), author=viewer.id,
                          text=text, written_at=viewer.now)  # fmt: skip
        await PeerRemark.insert(made)
        await _record("exchange.remarked", viewer, row["cohort"], row["team"], opened, title=row["title"])
    return UUID(str(made.id))


async def _own_team(viewer: Viewer, cohort: UUID) -> UUID:
    """The team of the cohort in which the viewer is; an invited lead without one has nothing to speak for yet."""
    teams = [
        grant.where for grant in viewer.grants if grant.cohort == cohort and grant.role in {"team_lead", "participant"}
    ]
    found: UUID | None = await fetch_value(
        "SELECT id FROM team WHERE id = ANY($1) AND withdrawn_at IS NULL ORDER BY id LIMIT 1", teams
    )
    if found is None:
        raise Forbidden(Message("Register your team first: a remark is signed with its name."))
    return found


async def answer(viewer: Viewer, key: UUID, reply: Reply) -> UUID:
    """Thank for a remark, say that it is used, or answer it in words. The opened work's id."""
    async with DB.transaction():
        row, said = await _remark(viewer, key, ANSWER_PEERS)
        if said["hidden_at"] is not None:
            raise Refused(HIDDEN)
        await execute(
            "UPDATE peer_remark SET mark = $2, answer = $3, answered_at = $4, answered_by = $5 WHERE id = $1",
            key, reply.mark, reply.text, viewer.now, viewer.id,
        )  # fmt: skip
        await _record("exchange.answered", viewer, row["cohort"], row["team"], row["id"], title=row["title"])
    return UUID(str(row["id"]))


async def hide(viewer: Viewer, key: UUID, reason: str) -> UUID:
    """Take a peer's remark out of sight; its author and the team read why. The opened work's id."""
    async with DB.transaction():
        row, said = await _remark(viewer, key, HIDE_REMARK)
        if said["hidden_at"] is not None:
            raise Refused(Message("This remark is hidden already. Reload the page."))
        await execute(
            "UPDATE peer_remark SET hidden_at = $2, hidden_by = $3, hidden_reason = $4 WHERE id = $1",
            key, viewer.now, viewer.id, reason,
        )  # fmt: skip
        await _record(
            "exchange.hidden", viewer, row["cohort"], row["team"], row["id"], title=row["title"], reason=reason
        )
    return UUID(str(row["id"]))


async def _remark(viewer: Viewer, key: UUID, wanted: Right) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A remark and the work it was made on, held. A stranger's look costs what a random id does."""
    row = await fetch_one(
        f"{OPENED.replace('SELECT ', 'SELECT k.hidden_at, k.id AS remark, ', 1)}"
        " JOIN peer_remark k ON k.opened = o.id WHERE k.id = $1 FOR UPDATE OF k",
        key,
    )
    if row is None:
        raise NotFound
    standing = viewer.standing(programme=row["programme"], cohort=row["cohort"], team=row["team"])
    as_seen(standing, is_open=row["closed_at"] is None and row["withdrawn_at"] is None).need(wanted)
    return dict(row), {"hidden_at": row["hidden_at"]}


async def _record(verb: str, viewer: Viewer, cohort: UUID, team: UUID, subject: UUID, **data: Any) -> None:
    await record(verb, by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=cohort, team=team, subject=subject,
                 **data)  # fmt: skip
