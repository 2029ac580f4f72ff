"""How sure a result is, in sentences: without one juror, with other weights, by the running order; and agreement. Pure."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from incubator.foundation.i18n import N_, Message, gettext, number
from incubator.jury.analysis import Analysis, Change, Note
from incubator.jury.analysis.telling import ALPHA, BANDS, CONCORDANCE, chance, move
from incubator.jury.result.rules import Reader

DASH = "–"

Namer = Callable[[object], str]
"""What a project of the analysis is called before this reader."""


def figure(value: float | None, places: int = 2) -> str:
    """A number with its decimals, a dash for none."""
    return DASH if value is None else number(value, places)


def signed(value: float | None, places: int = 2) -> str:
    """The same with its sign."""
    return f"+{figure(value, places)}" if value is not None and round(value, places) > 0 else figure(value, places)


def between(low: float | None, high: float | None, places: int = 2) -> str:
    """An interval."""
    return DASH if low is None else f"{figure(low, places)}{DASH}{figure(high, places)}"


# --- What the first places depend on ---------------------------------------------------------------------------------------------------


def without_one(analysis: Analysis, reader: Reader, called: Namer) -> Sequence[object]:
    """The winners without each juror; only organisers read who it is."""
    found = analysis.leave_one_out
    if found is None:
        return []
    if not found.changes:
        if analysis.top == 1:
            return [Message("Without any one juror the winner stays the same.")]
        return [Message("Without any one juror the first {n} stay the same.", n=analysis.top)]
    if reader is Reader.STAFF:
        return [_lost(each, called) for each in found.changes[:20]]
    moving = sorted({called(name) for each in found.changes for name in (*each.enter, *each.leave)})
    return [
        Message.count(
            "There is {n} juror without whom the first places would be others. It concerns: {names}.",
            "There are {n} jurors, any one of whom left out would change the first places. It concerns: {names}.",
            len(found.changes), names=", ".join(moving[:8]),
        )
    ]  # fmt: skip


def _lost(change: Change, called: Namer) -> Message:
    """What happens without one juror; where places are shared it may be that nobody leaves or nobody comes."""
    enter, leave = _names(change.enter, called), _names(change.leave, called)
    if not change.leave:
        return Message("Without {juror}, {enter} would come in.", juror=str(change.juror), enter=enter)
    if not change.enter:
        return Message("Without {juror}, {leave} would drop out.", juror=str(change.juror), leave=leave)
    return Message("Without {juror}: in {enter}, out {leave}", juror=str(change.juror), enter=enter, leave=leave)


def other_weights(analysis: Analysis, called: Namer) -> Sequence[object]:
    """How far the weights could move with the same winners, and who comes first then."""
    band = analysis.weight_band
    if band is None:
        return []
    if band.stable_within is None:
        return [Message("The winners stay for any weights of the criteria.")]
    if band.stable_within == 0:
        text = N_(
            "The last winning place is shared by the adjusted scores, so the slightest move of the weights decides it."
        )
        return [Message(text)]
    stays = Message(
        "The winners stay while no weight moves by more than {share} of itself.", share=move(band.stable_within)
    )
    return [
        stays,
        *(
            Message("{project} can overtake {winner} from {share} on", project=called(each.project),
                    winner=called(each.winner), share=move(each.at, up=True))
            for each in band.overtakings[:3]
        ),
    ]  # fmt: skip


def running_order(analysis: Analysis) -> Sequence[object]:
    """Whether later turns got other marks."""
    order = analysis.order
    if order is None:
        return []
    interval = f"{signed(order.low, 3)} … {signed(order.high, 3)}"
    if order.low <= 0 <= order.high:
        text = Message("The running order shows no effect: {slope} on the mark with each later turn (95 % interval {interval}).",
                       slope=signed(order.slope, 3), interval=interval)  # fmt: skip
    else:
        text = Message("The running order may have counted: {slope} on the mark with each later turn (95 % interval {interval}).",
                       slope=signed(order.slope, 3), interval=interval)  # fmt: skip
    return [text]


def _names(names: Sequence[object], called: Namer) -> str:
    return ", ".join(map(called, names[:5])) + (" …" if len(names) > 5 else "") or DASH


# --- Agreement --------------------------------------------------------------------------------------------------------


AGREED = (
    (0.9, N_("The jurors agree very well: {share} of the differences between the projects' means is due to the projects, the rest to jurors and chance.")),
    (0.75, N_("The jurors agree well: {share} of the differences between the projects' means is due to the projects, the rest to jurors and chance.")),
    (0.5, N_("The jurors agree moderately: {share} of the differences between the projects' means is due to the projects, the rest to jurors and chance.")),
    (0.0, N_("The jurors agree poorly: {share} of the differences between the projects' means is due to the projects, the rest to jurors and chance.")),
)  # fmt: skip


def agreed(analysis: Analysis) -> Message | None:
    """How far the order of the jury's means can be relied on, in a sentence: that harsh jurors met all alike counts for it."""
    share = analysis.reliability
    if share is None:
        return None
    text = next(text for least, text in AGREED if share.differences >= least)
    return Message(text, share=chance(share.differences))


def coefficients(analysis: Analysis) -> Sequence[tuple[str, str, str]]:
    """Coefficients with their words; those that are not defined are left out, the notes say why."""
    found, share = analysis.agreement, analysis.reliability
    listed = (
        (Message("ICC(2,1), one juror's mark"), found.icc_2_1, BANDS),
        (Message("ICC(2,k), mean of all jurors"), found.icc_2_k, BANDS),
        (Message("ICC(3,1), one mark, severity aside"), found.icc_3_1, BANDS),
        (Message("ICC(3,k), mean, severity aside"), found.icc_3_k, BANDS),
        (Message("Krippendorff's alpha"), found.krippendorff_alpha, ALPHA),
        (Message("Kendall's W"), found.kendall_w, CONCORDANCE),
        (Message("Reliability of one sheet"), share.single if share else None, BANDS),
        (Message("Reliability of a project's mean"), share.mean if share else None, BANDS),
        (Message("Reliability of differences between means"), share.differences if share else None, BANDS),
    )
    return [
        (str(name), figure(value), gettext(next(word for least, word in words if value >= least)))
        for name, value, words in listed
        if value is not None
    ]


def notes(analysis: Analysis, reader: Reader, names: Mapping[UUID | str, str] | None) -> Sequence[object]:
    """What is to be known about the figures. Notes that name people are for organisers; hidden names stay hidden."""
    return [
        each.text for each in analysis.notes if reader is Reader.STAFF or not _naming(each, all_names=names is not None)
    ]


def _naming(note: Note, *, all_names: bool) -> bool:
    params = dict(note.text.params)
    return "groups" in params or note.about == "jurors" or (all_names and "names" in params)
