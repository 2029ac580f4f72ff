"""What every entry of the journal says: a sentence for each verb, in which the actor's name comes first. Pure.

A sentence is a msgid whose placeholders are filled from the entry's data and from the names of its `subject` (a person),
`place` (a programme, cohort or team) and `person`. It follows the actor's name and needs no gender in any language. A verb that needs more than filling in has a
function. Whoever records a new verb writes its words here; a test finds the verb that has none.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from string import Formatter
from typing import Any, Final

from incubator.foundation.i18n import N_, Due, Message
from incubator.people.rights import Role
from incubator.people.rules import ROLE_NAMES

Facts = Mapping[str, Any]
NOTHING: Final = "–"


def sentence(verb: str, facts: Facts) -> Message:
    """The words for an entry; a verb of an older or newer version of the product is shown as it is."""
    words = SPECIAL.get(verb)
    if words is None and verb not in SIMPLE:
        return Message("did something this version has no words for: {verb}", verb=verb)
    said = words(facts) if words is not None else fill(SIMPLE[verb], facts)
    if verb in REASONED and facts.get("reason"):
        return Message("{what}. Reason: {reason}", what=said, reason=facts["reason"])
    return said


def fill(msgid: str, facts: Facts) -> Message:
    """A msgid with its placeholders filled; what an old entry did not keep is a dash."""
    wanted = [name for _, name, _, _ in Formatter().parse(msgid) if name]
    return Message(msgid, **{name: facts.get(name) or NOTHING for name in wanted})


SIMPLE: Final[Mapping[str, str]] = {
    # Accounts
    "person.signed_in": N_("signed in"),
    "person.signed_out": N_("signed out"),
    "person.signed_out_everywhere": N_("signed out in all other browsers"),
    "person.proved": N_("gave the password once more"),
    "person.password_changed": N_("changed the password of the account"),
    "person.profile_edited": N_("changed the profile"),
    "person.deactivated": N_("closed an account: {subject}"),
    "person.reactivated": N_("opened an account again: {subject}"),
    "person.address_changed": N_("changed the sign-in address of an account: {subject}"),
    "person.data_taken": N_("downloaded what is kept about the account"),
    "person.erased": N_("erased a person who had asked for it: {subject}"),
    "person.deletion_asked": N_("asked for the account to be erased"),
    "person.deletion_recalled": N_("took back the request to erase the account"),
    "installation.set_up": N_("set the installation up and became its administrator"),
    "installation.edited": N_("changed what the organisation says of itself"),
    "document.written": N_("published a text to agree to: “{title}”, version {version}"),
    "consent.given": N_("agreed to a text: {title}"),
    "consent.declined": N_("declined a text: {title}"),
    "consent.withdrawn": N_("withdrew the consent to a text: {title}"),
    "consents.viewed": N_("looked at the consents of: {subject}"),
    "consents.listed": N_("looked at who has agreed to what"),
    "invitation.withdrawn": N_("withdrew an invitation"),
    # Programmes and cohorts
    "programme.created": N_("created the programme “{place}”"),
    "cohort.created": N_("created the cohort “{name}”"),
    "cohort.edited": N_("changed the settings of the cohort"),
    "cohort.opened": N_("opened the cohort"),
    "cohort.closed": N_("closed the cohort"),
    "plan.module_added": N_("added a module: “{title}”"),
    "plan.module_moved": N_("moved a module in the order: “{title}”"),
    "plan.module_removed": N_("removed a module: “{title}”"),
    "plan.assignment_added": N_("added an assignment: “{title}”"),
    "plan.assignment_edited": N_("changed an assignment: “{title}”"),
    "plan.assignment_moved": N_("moved an assignment in the order: “{title}”"),
    "plan.assignment_removed": N_("removed an assignment: “{title}”"),
    # Teams
    "team.registered": N_("registered the team “{name}”"),
    "team.corrected": N_(
        "corrected the registration of the team: “{name}”, {municipality} (before: “{before_name}”, {before_municipality})."
        " Reason: {reason}"
    ),
    "team.withdrawn": N_("took the team “{name}” out of the programme. Reason: {reason}"),
    "team.returned": N_("took the team “{name}” back into the programme. Reason: {reason}"),
    "member.edited": N_("changed a position in the team: {subject}"),
    "member.removed": N_("took out of the team: {subject}"),
    "member.erased": N_("erased somebody at his own request, who is not in the team any more: {subject}"),
    "lead.transferred": N_("made the team lead: {subject}"),
    "contacts.viewed": N_("looked at the contacts of the team"),
    "contacts.exported": N_("took the contacts of the team out of the system. Purpose: {purpose}"),
    "passport.saved": N_("filled in the passport of the municipality"),
    "case.saved": N_("saved the draft of the problem case"),
    "case.submitted": N_("submitted the problem case, version {version}"),
    "case.withdrawn": N_("took the submitted problem case back"),
    "case.deleted": N_("deleted the problem case"),
    "case.restored": N_("brought the deleted problem case back"),
    # Work
    "submission.drafted": N_("worked on “{title}”"),
    "submission.failed": N_("did not accept “{title}”, version {revision}"),
    "team.rolled_back": N_("took the advance from the module “{title}” back"),
    "file.attached": N_("attached the file “{name}” to “{title}”"),
    "file.removed": N_("removed the file “{name}” from “{title}”"),
    "file.put_back": N_("put the file “{name}” back to “{title}”"),
    "file.named": N_("renamed the file “{before}” of “{title}” to “{name}”"),
    "file.quarantined": N_("the file “{name}” of “{title}” was put aside as dangerous"),
    "file.read_by_jury": N_("opened a file of the team as a juror"),
    # Moderation
    "remark.written": N_("wrote a draft remark on “{title}”"),
    "remark.edited": N_("changed a remark on “{title}”"),
    "remark.dropped": N_("threw a draft remark on “{title}” away"),
    "remark.answered": N_("answered a remark on “{title}”"),
    "note.written": N_("wrote a private note about the team"),
    "note.edited": N_("changed a private note about the team"),
    "note.retracted": N_("retracted a private note about the team"),
    "decision.taken_back": N_("took the decision about “{title}” back, version {revision}"),
    "check.taken_over": N_("took over the check of “{title}”: {subject}"),
    "phrase.added": N_("put a phrase into the remark bank"),
    "phrase.edited": N_("changed a phrase in the remark bank"),
    "phrase.removed": N_("took a phrase out of the remark bank"),
    "message.sent": N_("wrote a message to the team"),
    "question.asked": N_("asked the team a guiding question"),
    "question.answered": N_("answered a guiding question"),
    "question.replied": N_("wrote more about a guiding question"),
    "question.settled": N_("called a guiding question settled"),
    "exchange.opened": N_("opened “{title}” to the cohort"),
    "exchange.closed": N_("closed “{title}” to the cohort"),
    "exchange.remarked": N_("remarked on “{title}” as a peer"),
    "exchange.answered": N_("answered a peer's remark on “{title}”"),
    "exchange.hidden": N_("hid a peer's remark on “{title}”"),
    "case.card_agreed": N_("agreed to publish the problem case, version {version}"),
    "case.card_refused": N_("took the agreement to publish the problem case back"),
    "case.published": N_("published the problem case as a card"),
    "case.unpublished": N_("took the published card of the problem case back"),
    "moderator.assigned": N_("assigned the team a moderator: {subject}"),
    "moderator.dismissed": N_("took the team from a moderator: {subject}"),
    # Jury
    "criterion.added": N_("added a criterion: “{title}”"),
    "criterion.edited": N_("changed a criterion: “{title}”"),
    "criterion.moved": N_("moved a criterion in the order"),
    "criterion.removed": N_("removed a criterion: “{title}”"),
    "jury_rules.edited": N_("changed the rules of the jury"),
    "round.created": N_("drew up the round “{round_name}”"),
    "round.arranged": N_("changed the projects or their order in the round “{round_name}”"),
    "round.removed": N_("removed the draft of the round “{round_name}”"),
    "sheets.signed": N_("confirmed all own score sheets of the round “{round_name}”"),
    "sheets.unsigned": N_("took the confirmation of own score sheets back in the round “{round_name}”"),
    "pitch.begun": N_("set up the pitch day of the round “{round_name}”"),
    "pitch.readdressed": N_("gave the screen in the hall a new address in the round “{round_name}”"),
    "pitch.called": N_("called the team “{team_name}” before the jury in the round “{round_name}”"),
    "pitch.drawn": N_("drew the running order of the round “{round_name}” at random, seed {seed}"),
    "pitch.swapped": N_("let “{one}” and “{other}” change places in the round “{round_name}”: {reason}"),
    "round.opened": N_("opened the round “{round_name}”"),
    "round.unlocked": N_("agreed to unlock the round “{round_name}”"),
    "round.published": N_("published the result of the round “{round_name}”"),
    "unlock.asked": N_("asked to unlock the round “{round_name}”"),
    "unlock.declined": N_("declined to unlock the round “{round_name}”"),
    "publish.asked": N_("asked to publish the result of the round “{round_name}”"),
    "publish.declined": N_("declined to publish the result of the round “{round_name}”"),
    "reopen.asked": N_(
        "asked to give a score sheet of the round “{round_name}” back to its juror: {person}, {team_name}"
    ),
    "reopen.declined": N_(
        "declined to give a score sheet of the round “{round_name}” back to its juror: {person}, {team_name}"
    ),
    "void.asked": N_("asked to make a score sheet void in the round “{round_name}”: {person}, {team_name}"),
    "void.declined": N_("declined to make a score sheet void in the round “{round_name}”: {person}, {team_name}"),
    "round.terms_set": N_("set what jurors see in the round “{round_name}”"),
    "round_rubric.taken": N_("gave the round “{round_name}” criteria of its own"),
    "round_rubric.given_up": N_("let the round “{round_name}” take the criteria of the cohort"),
    "round_rubric.edited": N_("changed the criteria or rules of the round “{round_name}”"),
    "allocation.asked": N_("asked who is to score whom in the round “{round_name}”"),
    "allocation.done": N_("allocated jurors to the projects of the round “{round_name}”"),
    "allocation.blocked": N_("no allocation keeps the limits of the round “{round_name}”"),
    "allocation.failed": N_("the allocation of the round “{round_name}” was overtaken by changes"),
    "allocation.scrapped": N_("let everybody score everything in the round “{round_name}”"),
    "allocation.edited": N_("changed by hand who scores whom in the round “{round_name}”"),
    "sample.added": N_("added a sample project to the calibration of the round “{round_name}”: “{title}”"),
    "sample.edited": N_("changed a sample project of the calibration of the round “{round_name}”: “{title}”"),
    "sample.removed": N_("removed a sample project from the calibration of the round “{round_name}”"),
    "sample.scored": N_("scored a sample project in the calibration of the round “{round_name}”"),
    "calibration.closed": N_("closed the calibration of the round “{round_name}”"),
    "calibration.opened": N_("opened the calibration of the round “{round_name}” again"),
    "seat.changed": N_("changed what a juror of the round “{round_name}” sits for: {person}"),
    "juror.replaced": N_("called up a substitute in the round “{round_name}” instead of {person}"),
    "juror.removed": N_("took a juror out of the round “{round_name}”: {person}"),
    "conflict.claimed": N_("named a conflict of interest with a juror: {subject}"),
    "conflict.lifted": N_("lifted a conflict of interest: {subject}"),
    "sheet.saved": N_("saved a score sheet as a draft"),
    "sheet.handed_in": N_("handed a score sheet in"),
    "sheet.taken_back": N_("took a score sheet back to change it"),
    "sheet.abstained": N_("abstained from scoring"),
    "sheet.recused": N_("declared a conflict of interest on a score sheet"),
    "sheet.voided": N_("agreed to make a score sheet void in the round “{round_name}”: {person}, {team_name}"),
    "sheet.reopened": N_(
        "agreed to give a score sheet of the round “{round_name}” back to its juror: {person}, {team_name}"
    ),
    "sheet.closed": N_("closed a reopened score sheet of the round “{round_name}” as it was: {person}, {team_name}"),
    "paper.typed": N_("typed a sheet of paper of the round “{round_name}”: {person}"),
    "paper.entered": N_(
        "typed a sheet of paper of the round “{round_name}” a last time, and it was recorded: {person}"
    ),
    "paper.waits": N_(
        "typed a sheet of paper of the round “{round_name}” that its juror has to choose about: {person}"
    ),
    "paper.same": N_("typed a sheet of paper of the round “{round_name}” that says what its juror handed in: {person}"),
    "paper.set_aside": N_("set aside what was typed from a sheet of paper of the round “{round_name}”: {person}"),
    "paper.declined": N_("let what he wrote himself stand instead of his sheet of paper in the round “{round_name}”"),
    "ranking.read": N_("looked at the result before its publication"),
    "jurors.viewed": N_("looked at the addresses of the jurors"),
    "materials.read": N_("read the work of the team as a juror"),
    "sheets.read": N_("read the score sheets of a project"),
    "ledger.root_sent": N_("the root of the ledger of the round “{round_name}” was sent outside"),
    "round.root_to_set": N_("named the addresses to which the root of the round “{round_name}” goes"),
    "ledger.exported": N_("took the score ledger out of the system"),
    "sheets.exported": N_("took the score sheets out of the system"),
    "minutes.saved": N_("drew up the minutes of the round “{round_name}”"),
    "minutes.filed": N_("filed version {version} of the minutes of the round “{round_name}”"),
    "minutes.taken": N_("took the minutes out of the system"),
    "minutes.template_taken": N_("brought an own Word template for minutes: “{title}”"),
    "minutes.template_dropped": N_("went back to the shipped Word template for minutes"),
    "certificates.issued": N_("issued certificates of the round “{round_name}”: {number}"),
    "certificates.taken": N_("took the certificates of a round out of the system"),
    "certificate.withdrawn": N_("withdrew a certificate of the round “{round_name}”"),
    "deliberation.opened": N_("let the jury deliberate on the round “{round_name}”"),
    "deliberation.closed": N_("ended the deliberation on the round “{round_name}”"),
    "jury.decided": N_("recorded a decision of the jury: “{title}”"),
    "jury.decision_struck": N_("struck a decision of the jury: “{title}”"),
    "tie.voted": N_("recorded the vote on a tie in the round “{round_name}”"),
    "tie.struck": N_("struck a vote on a tie in the round “{round_name}”"),
    # Letters and reading
    "letter.sent_again": N_("had a failed letter sent again"),
    "journal.read": N_("read the journal of the cohort"),
    "journal.read_platform": N_("read the journal of the installation"),
}


REASONED: Final = frozenset({
    "exchange.hidden",
    "submission.extended", "team.advanced", "team.rolled_back", "case.withdrawn", "juror.removed", "conflict.lifted",
    "certificate.withdrawn", "unlock.asked", "void.asked", "reopen.asked", "sheet.reopened", "sheet.voided", "paper.set_aside",
    "tie.voted", "tie.struck", "jury.decision_struck", "juror.replaced",
})  # fmt: skip
"""Acts that ask for a reason, which their entry keeps (those of earlier versions did not) and tells after them."""


def _role(facts: Facts) -> Message | str:
    word = str(facts.get("role", ""))
    return ROLE_NAMES[Role(word)] if word in set(Role) else NOTHING


def _invited(facts: Facts) -> Message:
    return Message("sent an invitation, role: {role}", role=_role(facts))


def _invited_several(facts: Facts) -> Message:
    count = int(facts.get("count", 0))
    return Message.count(
        "sent {n} invitation, role: {role}", "sent {n} invitations, role: {role}", count, role=_role(facts)
    )


def _sent(facts: Facts) -> Message:
    if facts.get("late"):
        return fill(N_("sent “{title}” to be checked after the deadline: version {number}, receipt {receipt}"), facts)
    return fill(N_("sent “{title}” to be checked: version {number}, receipt {receipt}"), facts)


def _remarked(facts: Facts) -> tuple[int, dict[str, Any]]:
    """How many remarks went out with a decision, and what the sentence names besides."""
    return int(facts.get("remarks") or 0), {name: facts.get(name) or NOTHING for name in ("title", "revision")}


def _accepted(facts: Facts) -> Message:
    remarks, named = _remarked(facts)
    if not remarks:
        return Message("accepted “{title}”, version {revision}", **named)
    return Message.count("accepted “{title}”, version {revision}, with {n} remark",
                         "accepted “{title}”, version {revision}, with {n} remarks", remarks, **named)  # fmt: skip


def _returned(facts: Facts) -> Message:
    remarks, named = _remarked(facts)
    if not remarks:
        return Message("returned “{title}” for changes, version {revision}", **named)
    return Message.count("returned “{title}” for changes, version {revision}, with {n} remark",
                         "returned “{title}” for changes, version {revision}, with {n} remarks", remarks, **named)  # fmt: skip


def _remarks_sent(facts: Facts) -> Message:
    count = int(facts.get("count") or 0)
    return Message.count("sent {n} remark on “{title}”", "sent {n} remarks on “{title}”", count,
                         title=facts.get("title", NOTHING))  # fmt: skip


def _advanced(facts: Facts) -> Message:
    if facts.get("overridden"):
        return fill(N_("led the team on from the module “{title}” though not everything in it was accepted"), facts)
    return fill(N_("led the team on from the module “{title}”"), facts)


def _extended(facts: Facts) -> Message:
    until = Due(datetime.fromisoformat(facts["until"])) if facts.get("until") else NOTHING
    return Message("extended the deadline of “{title}” to {until}", title=facts.get("title", NOTHING), until=until)


def _module_edited(facts: Facts) -> Message:
    if facts.get("due_at"):
        due = Due(datetime.fromisoformat(facts["due_at"]))
        return Message("changed the module “{title}”, its deadline is {due} now", title=facts["title"], due=due)
    return fill(N_("changed the module “{title}”"), facts)


def _reset_asked(facts: Facts) -> Message:
    if facts.get("own"):
        return Message("asked for a link to reset the password")
    return fill(N_("sent a link to reset the password: {subject}"), facts)


def _conflicts_declared(facts: Facts) -> Message:
    count = int(facts.get("teams") or 0)
    if not count:
        return Message("declared to have no conflict of interest")
    return Message.count("declared a conflict of interest with {n} team",
                         "declared a conflict of interest with {n} teams", count)  # fmt: skip


def _seated(facts: Facts) -> Message:
    count = len(facts.get("people") or ())
    return Message.count("gave {n} juror a seat in the round “{round_name}”", "gave {n} jurors a seat in the round “{round_name}”",
                         count, round_name=facts.get("round_name", NOTHING))  # fmt: skip


def _absent(facts: Facts) -> Message:
    if facts.get("next_name"):
        return fill(
            N_("noted that the team “{team_name}” did not come and called “{next_name}” in the round “{round_name}”"),
            facts,
        )
    return fill(N_("noted that the team “{team_name}” did not come in the round “{round_name}”"), facts)


def _locked(facts: Facts) -> Message:
    missing = int(facts.get("missing") or 0)
    if not missing:
        return fill(N_("locked the round “{round_name}”"), facts)
    return Message.count("locked the round “{round_name}” with {n} sheet missing",
                         "locked the round “{round_name}” with {n} sheets missing", missing,
                         round_name=facts.get("round_name", NOTHING))  # fmt: skip


SPECIAL: Final[Mapping[str, Callable[[Facts], Message]]] = {
    "person.invited": _invited,
    "people.invited": _invited_several,
    "invitation.accepted": lambda facts: Message("accepted the invitation, role: {role}", role=_role(facts)),
    "role.given": lambda facts: Message(
        "gave a role: {subject}, {role}", subject=facts.get("subject") or NOTHING, role=_role(facts)
    ),
    "person.reset_asked": _reset_asked,
    "plan.module_edited": _module_edited,
    "submission.sent": _sent,
    "submission.accepted": _accepted,
    "submission.returned": _returned,
    "submission.extended": _extended,
    "remarks.sent": _remarks_sent,
    "team.advanced": _advanced,
    "conflict.declared": _conflicts_declared,
    "jurors.seated": _seated,
    "conflicts.derived": lambda facts: Message.count(
        "{n} conflict of interest follows from what is known of the jurors",
        "{n} conflicts of interest follow from what is known of the jurors",
        int(facts.get("count") or 0),
    ),
    "round.locked": _locked,
    "pitch.absent": _absent,
}
