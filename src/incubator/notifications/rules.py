"""Which letters there are, who gets them and what becomes of them; what they say is in `letters`. Pure.

A letter is written in the transaction of the action it tells of, by reading the journal. What an action passes along:

| verb                    | who is told                | needs                   | aside                                            |
|-------------------------|----------------------------|-------------------------|--------------------------------------------------|
| person.invited          | the invited address        | subject=invitation_id   | offer: the Offer that `offer_role` gave          |
| people.invited          | every invited address      |                         | offers: the Offers                               |
| person.reset_asked      | the person                 | subject=person_id       | token: of the reset link                         |
| person.password_changed | the person                 | subject=person_id       |                                                  |
| person.address_changed  | both addresses             | subject=person_id       | before, after: the addresses                     |
| submission.returned     | the team                   | cohort, team            | assignment: title; path; deadline: datetime or None; zone of the team |
| submission.accepted     | the team                   | cohort, team            | assignment: title; path                          |
| submission.failed       | the team                   | cohort, team            | assignment: title; path                          |
| submission.extended     | the team                   | cohort, team            | assignment: title; path; deadline; zone          |
| message.sent            | the team                   | cohort, team            | text, sender: what was written, and by whom; path |
| question.asked          | the team                   | cohort, team            | path                                             |
| team.advanced           | the team                   | cohort, team            | module: title of the next one, "" after the last; path; deadline; zone |
| team.withdrawn          | the team                   | cohort, team            | path                                             |
| round.published         | everybody in the cohort    | cohort                  | round: title; path                               |
| round.locked            | its jurors                 | cohort                  | round: title; path; root; receipts: {juror's id: his last receipt, ""} |
| round.opened, .unlocked | its jurors                 | cohort                  | jurors: their ids; round: title; path            |
| juror.replaced          | the substitute             | cohort                  | jurors: his id; round: title; path; sheets: how many he has now |
| sheet.reopened, .voided | its juror                  | cohort                  | juror: his id; round: title; path                |
| paper.entered, .waits   | its juror                  | cohort                  | juror; round; project: what it is called; path; receipt |
| ledger.root_sent        | addresses of the round     | cohort                  | addresses; their_zone; round; path; root (round.locked too) |
| deliberation.opened     | jurors without a conflict  | cohort                  | jurors: their ids; round: title; path            |

    await record("submission.returned", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=…, team=…,
                 subject=submission_id, aside={"assignment": title, "path": f"/teams/{team}/assignments/{assignment}"})

Decisions that can be taken back for some minutes pass `not_before` (the letter goes no earlier) and `about`, by which
`call_back` finds the letters. `path` begins with a slash; the site's address is put before it. More keys may be in `aside`: they are not used. No letter
says more of the work than its title (authorisation matrix, notification.receive): mail is a reader whom nobody can see.
"""

from datetime import timedelta
from enum import StrEnum

from incubator.foundation.i18n import Message
from incubator.people.rights import LEAD, ORGANISER, ORGANISERS, Relation, right

TOLD_LATE = timedelta(days=1)  # an action told that much later than it happened is a story: its letters count as sent

SEE_LETTERS = right(
    "letters.view",
    allow=ORGANISERS,
    forbid=frozenset({Relation.ADMINISTRATOR}),
    reason=Message("Letters of a cohort are read by the organisers of its programme."),
)
SEE_JURYS_LETTERS = right("letters.jury", allow=ORGANISER)
SEE_CARD = right("invitation.card", allow=ORGANISERS | LEAD, forbid=frozenset({Relation.ADMINISTRATOR}))


class Kind(StrEnum):
    """The letters there are."""

    INVITATION = "invitation"
    RESET = "reset"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  (the name of a letter)
    ADDRESS_CHANGED = "address_changed"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    FAILED = "failed"
    EXTENDED = "extended"
    MESSAGE = "message"
    QUESTION = "question"
    ADVANCED = "advanced"
    WITHDRAWN = "withdrawn"
    RESULT = "result"
    OPENED = "opened"
    CALLED_UP = "called_up"
    REOPENED = "reopened"
    VOIDED = "voided"
    UNLOCKED = "unlocked"
    LOCKED = "locked"
    PAPER = "paper"
    ROOT = "root"
    DELIBERATION = "deliberation"


KIND_NAMES = {
    Kind.INVITATION: Message("Invitation"),
    Kind.RESET: Message("Password reset"),
    Kind.PASSWORD_CHANGED: Message("Password changed"),
    Kind.ADDRESS_CHANGED: Message("Address changed"),
    Kind.RETURNED: Message("Work returned"),
    Kind.ACCEPTED: Message("Work accepted"),
    Kind.FAILED: Message("Work not accepted"),
    Kind.EXTENDED: Message("Deadline extended"),
    Kind.MESSAGE: Message("Message to the team"),
    Kind.QUESTION: Message("Guiding question"),
    Kind.ADVANCED: Message("Next module"),
    Kind.WITHDRAWN: Message("Team withdrawn"),
    Kind.RESULT: Message("Result published"),
    Kind.OPENED: Message("Scoring opened"),
    Kind.CALLED_UP: Message("Substitute called up"),
    Kind.REOPENED: Message("Score sheet reopened"),
    Kind.VOIDED: Message("Score sheet made void"),
    Kind.UNLOCKED: Message("Round unlocked"),
    Kind.LOCKED: Message("Round locked"),
    Kind.PAPER: Message("Sheet of paper"),
    Kind.ROOT: Message("Root of a ledger"),
    Kind.DELIBERATION: Message("Deliberation opened"),
}

TO_THE_JURY = frozenset({
    Kind.OPENED, Kind.CALLED_UP, Kind.REOPENED, Kind.VOIDED, Kind.UNLOCKED, Kind.LOCKED, Kind.PAPER, Kind.ROOT, Kind.DELIBERATION,
})  # fmt: skip
"""Letters that tell when the jury acts: who has a conflict of interest doesn't read of it, as in the journal."""


class State(StrEnum):
    """What became of a letter; derived from its row."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    CALLED_BACK = "called_back"


STATE_NAMES = {
    State.WAITING: Message.within("letter", "Waiting"),
    State.SENT: Message.within("letter", "Sent"),
    State.FAILED: Message.within("letter", "Failed"),
    State.CALLED_BACK: Message.within("letter", "Called back"),
}


# Why a letter is not there yet: a word, and after a colon what the server said.

FAULTS = {
    "held": Message("It waits some minutes, as long as the decision can be taken back."),
    "no-server": Message("No mail server is set up yet."),
    "settings": Message("The address of the mail server can't be read. The administrator sets it in SMTP_URL."),
    "sign-in": Message("The mail server refuses our user or password. The administrator sets them in SMTP_URL."),
    "silent": Message("The mail server does not answer. The letter is tried again by itself."),
    "later": Message("The mail server could not take the letter yet. It is tried again by itself."),
    "over": Message("Its link is no longer open, so it was not sent."),
    "address": Message("Nothing can be sent to this address. Check how it is written."),
    "unknown": Message("There is no such mailbox. Check the address with the person."),
    "full": Message("The mailbox is full. Reach the person another way, then send again."),
    "unwanted": Message("The other mail server takes no letters from ours. Ask the administrator."),
    "refused": Message("The mail server refused the letter. Reach the person another way."),
}
OTHER_FAULT = Message("The letter could not be sent.")


def fault_words(fault: str) -> Message:
    """The reason for people."""
    return FAULTS.get(fault.partition(":")[0], OTHER_FAULT)


def fault_details(fault: str) -> str:
    """What the server said, for whoever looks after the mail."""
    return fault.partition(":")[2].strip()


def meaning(code: int, text: str) -> str:
    """The word for a mail server's answer: 4xx is for now, 5xx for ever (RFC 5321, 4.2.1; enhanced codes: RFC 3463)."""
    if code < 500:
        return "later"
    if "5.2.2" in text or code == 552:
        return "full"
    if "5.7." in text or code in {521, 554, 556}:
        return "unwanted"
    return "unknown" if "5.1." in text or code in {550, 551, 553} else "refused"
