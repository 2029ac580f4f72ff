"""The first steps of a team's people, from what its home page knows anyway."""

from collections.abc import Sequence

from incubator.foundation.i18n import Message
from incubator.people.first_steps import FirstStep, FirstSteps, to_show
from incubator.people.rights import Relation, Role, Viewer
from incubator.people.rules import ROLE_NAMES
from incubator.stages.home import TeamHome


def first_steps(viewer: Viewer, page: TeamHome) -> Sequence[FirstSteps]:
    """For the lead and the members of a team at work; what the team has done is done for each of them."""
    relations = page.team.standing.relations
    if page.team.stopped is not None or not relations & {Relation.LEAD, Relation.MEMBER}:
        return ()
    lead = Relation.LEAD in relations
    steps = [*([_invite(page)] if lead else []), *_together(page, lead=lead)]
    return to_show(viewer, [FirstSteps(ROLE_NAMES[Role.TEAM_LEAD if lead else Role.PARTICIPANT], steps)])


def _invite(page: TeamHome) -> FirstStep:
    note = Message("By letter or with a printed card; each one with the position.")
    here = f"/teams/{page.team.id}/members"
    return FirstStep(Message("Invite the members of the team"), note, here, bool(page.team.members))


def _together(page: TeamHome, *, lead: bool) -> list[FirstStep]:
    team = f"/teams/{page.team.id}"
    works = [work for module in page.modules for work in module.works]
    first = next(iter(works), None)
    here = f"{team}/assignments/{first.assignment}" if first else team
    sending = (
        Message("First look through the answers; afterwards there is a receipt.")
        if lead
        else Message("The lead sends it; look through the answers together before.")
    )
    return [
        FirstStep(
            Message("Begin the problem case"), Message("What the problem is and whom it affects; a draft is enough."),
            f"{team}/case", page.team.case_state is not None,
        ),
        FirstStep(
            Message("Write the first answer"), Message("It is saved by itself; others may write beside you."),
            here, any(work.submission for work in works),
        ),
        FirstStep(Message("Send the first work"), sending, here, any(work.sent_at for work in works)),
    ]  # fmt: skip
