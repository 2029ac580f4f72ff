"""Who opens work to peers, who reads and remarks on it, and who publishes a case. Pure.

Peers' remarks are apart from those of moderators, and jurors see none of either: they would score other people's opinions.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from incubator.foundation.forms import Form
from incubator.foundation.i18n import Message
from incubator.people.rights import KNOWS_TEAM, LEAD, MODERATOR, ORGANISER, STAFF, TEAM, Relation, Standing, right
from incubator.stages.rules import ONLY_STAFF

ADMINISTRATOR: Final = frozenset({Relation.ADMINISTRATOR})
PEERS: Final = frozenset({Relation.OTHER_TEAM})
AROUND: Final = PEERS | {Relation.OTHER_MODERATOR}
JURORS: Final = frozenset({Relation.JUROR, Relation.JUROR_CONFLICTED})
KNOWS_OPENED: Final = KNOWS_TEAM | AROUND
ONLY_LEAD = Message("The lead of the team decides what the cohort may read.")
ONLY_PEERS = Message("Remarks of peers come from other teams of the cohort. Moderators remark beside the fields.")
ONLY_OWN = Message("The team to which the remark was made answers it.")
ONLY_ORGANISER = Message("Only an organiser without a conflict of interest publishes a case.")

VIEW_OPENED = right("opened_work.view", allow=TEAM | STAFF | AROUND, forbid=ADMINISTRATOR)
VIEW_EXCHANGE = right("opened_work.list_own", allow=TEAM | STAFF, forbid=ADMINISTRATOR)
OPEN_WORK = right("opened_work.open", allow=LEAD, forbid=KNOWS_TEAM, reason=ONLY_LEAD)
CLOSE_WORK = right("opened_work.close", allow=LEAD | ORGANISER, forbid=KNOWS_OPENED, reason=ONLY_LEAD)
REMARK_AS_PEER = right(
    "peer_remark.create", allow=PEERS, forbid=KNOWS_TEAM | {Relation.OTHER_MODERATOR}, strict=True, reason=ONLY_PEERS
)
ANSWER_PEERS = right("peer_remark.answer", allow=TEAM, forbid=KNOWS_OPENED, reason=ONLY_OWN)
HIDE_REMARK = right("peer_remark.hide", allow=MODERATOR | ORGANISER, forbid=KNOWS_OPENED, reason=ONLY_STAFF)
AGREE_TO_CARD = right("case_card.agree", allow=LEAD, forbid=KNOWS_TEAM, reason=ONLY_LEAD)
PUBLISH_CARD = right("case_card.publish", allow=ORGANISER, forbid=KNOWS_TEAM, reason=ONLY_ORGANISER)

OPEN_ALREADY = Message("This work is open to the cohort already. Close it first to show a later version.")
CLOSED_ALREADY = Message("This work is closed already. Reload the page.")
CHANGED = Message("A newer version was sent meanwhile. Look at what the others would read now.")
COHORT_OVER = Message("The cohort is over, so its work is only read.")
TEAM_LEFT = Message("The team has left the programme, so nothing is changed in it any more.")
HIDDEN = Message("This remark is hidden, so it can't be answered.")
STILL_GOES_ON = Message("A case is published when its cohort is over.")
NOT_SENT = Message("There is no submitted version of the case to publish.")
NOT_AGREED = Message("The team has not agreed to publish its case.")

REMARK_LIMIT: Final = 3000
WISH_LIMIT: Final = 500
REASON_LIMIT: Final = 500
PAGE: Final = 20


class Mark(StrEnum):
    """What a team makes of a peer's remark."""

    READ = "read"
    THANKS = "thanks"
    USED = "used"


MARKS: Final = {
    Mark.THANKS: Message.within("peer remark", "Thank you"),
    Mark.USED: Message.within("peer remark", "We use this"),
    Mark.READ: Message.within("peer remark", "We have read it"),
}


def as_seen(standing: Standing, *, is_open: bool) -> Standing:
    """How somebody stands to opened work: what is closed is nobody's but the team's and staff's, and a juror has no peers."""
    if is_open and not standing.relations & JURORS:
        return standing
    return Standing(standing.relations - AROUND)


@dataclass(frozen=True, slots=True)
class Reply:
    """The team's word to a peer."""

    mark: Mark
    text: str


def read_reply(form: Form) -> Reply:
    """What the team makes of a remark, with or without words. Raises Invalid."""
    mark, text = form.choice("mark", list(Mark)), form.text("text", required=False, limit=REMARK_LIMIT, lines=True)
    form.demand()
    assert mark is not None
    return Reply(mark, text)
