"""The first steps of staff and jurors, from what there is: at most three statements, none for who has hidden them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from incubator.foundation.database import fetch, fetch_one
from incubator.foundation.i18n import Message
from incubator.foundation.owner import owner
from incubator.jury.terms import OFFICES
from incubator.people.first_steps import FirstStep, FirstSteps, to_show, wanted
from incubator.people.rights import Role, Scope, Viewer
from incubator.people.rules import ROLE_NAMES
from incubator.settings import settings

# `leads`: sits in juries as a chair or secretary alone, and scores nothing himself; a substitute may have to.
DEEDS: Final = """
SELECT ARRAY(SELECT DISTINCT verb FROM journal_entry WHERE actor = $1 AND verb = ANY($2)) AS done,
  coalesce((SELECT NOT bool_or(votes OR duty <> ALL($3)) FROM seat WHERE person = $1 AND removed_at IS NULL), false) AS leads
"""
OF_MODERATOR: Final = (
    ("/queue", Message("Write a remark"), Message("It stays a draft until you send it."), {"remark.written"}),
    ("/queue", Message("Accept or return a piece of work"), Message("The next one opens by itself."),
     {"submission.accepted", "submission.returned", "submission.failed"}),
    ("/queue", Message("Ask a team a guiding question"), Message("On the team's page; the answer stays with the case."),
     {"question.asked"}),
)  # fmt: skip
OF_JUROR: Final = (
    (
        "/jury",
        Message("Declare your conflicts of interest"),
        Message("Having none is an answer too."),
        {"conflict.declared"},
    ),
    (
        "/jury",
        Message("Mark the first project"),
        Message("Every mark is saved at once."),
        {"sheet.saved", "sheet.handed_in"},
    ),
    ("/jury", Message("Hand in the first sheet"), Message("Until the lock you may change it."), {"sheet.handed_in"}),
)
PROGRAMME: Final = """
SELECT EXISTS (SELECT FROM c) AS cohorts, EXISTS (SELECT FROM c WHERE opened_at IS NOT NULL) AS opened,
  EXISTS (SELECT FROM invitation i JOIN c ON c.id = i.cohort) AS invited,
  EXISTS (SELECT FROM role_grant g JOIN c ON c.id = g.cohort WHERE g.role = 'moderator' AND g.scope = 'team') AS assigned,
  (SELECT id FROM c ORDER BY starts_on DESC LIMIT 1) AS cohort
FROM (SELECT 1) AS one
"""
OF_PROGRAMMES: Final = f"WITH c AS (SELECT * FROM cohort WHERE programme = ANY($1)) {PROGRAMME}"
INSTALLATION: Final = """
SELECT EXISTS (SELECT FROM programme) AS programmes, EXISTS (SELECT FROM consent_text) AS texts,
  EXISTS (SELECT FROM role_grant WHERE role = 'organiser' AND revoked_at IS NULL)
    OR EXISTS (SELECT FROM invitation WHERE role = 'organiser' AND revoked_at IS NULL) AS organisers
"""


async def first_steps(viewer: Viewer) -> Sequence[FirstSteps]:
    """Of every role that the viewer holds, as far as they are worth showing."""
    if not wanted(viewer):
        return ()
    found = await _by_deeds(viewer)
    if programmes := viewer.places(Role.ORGANISER, Scope.PROGRAMME):
        row = await fetch_one(OF_PROGRAMMES, programmes)
        found.append(FirstSteps(ROLE_NAMES[Role.ORGANISER], list(_organiser(row or {}))))
    if viewer.is_administrator:
        row = await fetch_one(INSTALLATION)
        found.append(FirstSteps(ROLE_NAMES[Role.ADMINISTRATOR], list(_administrator(row or {}))))
    return to_show(viewer, found)


async def _by_deeds(viewer: Viewer) -> list[FirstSteps]:
    """Steps that one takes oneself: the journal knows whether."""
    held = {grant.role for grant in viewer.grants}
    lists = [(role, steps) for role, steps in ((Role.MODERATOR, OF_MODERATOR), (Role.JUROR, OF_JUROR)) if role in held]
    if not lists:
        return []
    verbs = [verb for _, steps in lists for *_, some in steps for verb in some]
    row = (await fetch(DEEDS, viewer.id, verbs, list(OFFICES)))[0]
    done = set(row["done"])
    return [
        FirstSteps(
            ROLE_NAMES[role], [FirstStep(title, note, href, bool(some & done)) for href, title, note, some in steps]
        )
        for role, steps in lists
        if not (role is Role.JUROR and row["leads"])
    ]


def _organiser(row: Mapping[str, object]) -> Iterator[FirstStep]:
    cohort = f"/cohorts/{row['cohort']}" if row["cohort"] else "/cohorts"
    yield FirstStep(
        Message("Create a cohort"), Message("Modules, criteria and the jury's rules come from a blueprint."),
        "/cohorts/new", bool(row["cohorts"]),
    )  # fmt: skip
    yield FirstStep(
        Message("Open the cohort"), Message("After you have looked through its dates and texts."),
        f"{cohort}/settings" if row["cohort"] else cohort, bool(row["opened"]),
    )  # fmt: skip
    yield FirstStep(
        Message("Invite leads, moderators and jurors"), Message("A list can be pasted from a table."),
        f"{cohort}/people" if row["cohort"] else cohort, bool(row["invited"]),
    )  # fmt: skip
    yield FirstStep(
        Message("Give a team its moderator"), Message("As soon as the first team has registered."),
        f"{cohort}/moderators" if row["cohort"] else cohort, bool(row["assigned"]),
    )  # fmt: skip


def _administrator(row: Mapping[str, object]) -> Iterator[FirstStep]:
    yield FirstStep(
        Message("Say whose installation this is"), Message("Name of the organisation, whom to ask for help."),
        "/installation", bool(owner().name),
    )  # fmt: skip
    yield FirstStep(
        Message("Let the site send letters"), Message("Set SMTP_URL; without it letters wait with their links."),
        "/letters", bool(settings().smtp_url),
    )  # fmt: skip
    yield FirstStep(
        Message("Write the text about personal data"), Message("People agree to it when they sign in."),
        "/documents", bool(row["texts"]),
    )  # fmt: skip
    yield FirstStep(
        Message("Create a programme"),
        Message("Its cohorts are made by organisers."),
        "/programmes",
        bool(row["programmes"]),
    )
    yield FirstStep(
        Message("Invite an organiser"), Message("He makes the cohort and invites everybody else."),
        "/people#organiser", bool(row["organisers"]),
    )  # fmt: skip
