"""What has happened to a result besides: a deliberation, a publication with the advisory part; see `states.py`."""

from datetime import date

from incubator.jury.minutes import actions as minutes
from incubator.jury.minutes import certificates, template
from incubator.jury.minutes.rules import Draft, Issue
from incubator.jury.office import agreeing, conducting
from incubator.jury.result import deliberating
from incubator.jury.result.rules import DecisionKind, Motion
from rights.world import World, state


@state("round_published_with_advice", after="round_locked")
async def _round_published_with_advice(w: World) -> None:
    asked = await agreeing.ask_to_publish(await w.viewer("organiser_second"), w.id("round"), advice=True)
    await agreeing.confirm(await w.viewer("organiser_own"), w.id("round"), asked)


@state("tie_voted", after="round_tied")
async def _tie_voted(w: World) -> None:
    ranks = {w.id(f"project_{number}"): number for number in (1, 2, 3)}
    await conducting.vote_tie(await w.viewer("organiser_own"), w.id("round"), ranks, "Голосование")


@state("deliberation", after="round_locked")
async def _deliberation(w: World) -> None:
    """The jury sits together, sees all marks without names, and has decided something."""
    runs = await w.viewer("organiser_own")
    await deliberating.open_deliberation(runs, w.id("round"), shows_sheets=True)
    motion = Motion(DecisionKind.AWARD, "За смелость", "", str(w.id("project")), 3, 0, 0)
    w.ids["jury_decision"] = await deliberating.decide(runs, w.id("round"), motion)


@state("minutes_drawn_up", after="round_locked")
async def _minutes_drawn_up(w: World) -> None:
    """Minutes are saved, and the cohort has a Word template of its own."""
    runs = await w.viewer("organiser_own")
    await minutes.save(runs, w.id("round"), Draft("1", date(2026, 11, 20), "", "", "", "", ""), 0)
    await minutes.take_template(runs, w.id("round"), "Протокол.docx", template.shipped())


@state("certificates_issued", after="round_published")
async def _certificates_issued(w: World) -> None:
    await certificates.issue(await w.viewer("organiser_own"), w.id("round"), Issue(10, awards=True, members=True))
    w.ids["certificate"] = (await certificates.issued(w.id("round")))[0].id
