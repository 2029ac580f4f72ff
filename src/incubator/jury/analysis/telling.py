"""The advisory result as text for a terminal, in the language of the moment."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from incubator.foundation.i18n import Message, number
from incubator.foundation.locales import N_, gettext, pgettext
from incubator.jury.analysis.figures import Analysis

ROWS = 60
"""Of a table; the rest is counted."""

DASH = "–"
BANDS = ((0.9, N_("excellent")), (0.75, N_("good")), (0.5, N_("moderate")), (-9.0, N_("poor")))
"""Words for an intraclass correlation by Koo & Li (2016)."""
ALPHA = ((0.8, N_("reliable")), (0.667, N_("enough for cautious conclusions only")), (-9.0, N_("too low to rely on")))
"""Words for alpha by Krippendorff (2004)."""
CONCORDANCE = ((0.7, N_("strong")), (0.5, N_("moderate")), (-9.0, N_("weak")))
"""Words for W by Schmidt (1997)."""


def tell(analysis: Analysis) -> str:
    """Tables of projects and jurors, agreement in words, what the winners depend on, and the notes."""
    parts = (
        _head(analysis),
        _projects(analysis),
        _jurors(analysis),
        _agreement(analysis),
        _stable(analysis),
        _notes(analysis),
    )
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part)))


def _head(analysis: Analysis) -> Iterator[str]:
    counts = (
        Message.count("{n} project", "{n} projects", len(analysis.projects)),
        Message.count("{n} juror", "{n} jurors", len(analysis.jurors)),
        Message.count("{n} sheet", "{n} sheets", analysis.sheets),
    )
    yield ", ".join(map(str, counts))
    model = analysis.model
    if model.intercept is not None:
        parts = {"project": model.project, "juror": model.juror, "rest": model.residual}
        spread = {name: _figure((value or 0.0) ** 0.5) for name, value in parts.items()}
        text = N_(
            "Middle {mean}; standard deviation between projects {project}, between jurors {juror}, of the rest {rest}"
        )
        yield str(Message(text, mean=_figure(model.intercept), **spread))


def _projects(analysis: Analysis) -> Iterator[str]:
    winning = Message.within("analysis", "top {n}", n=analysis.top)
    heads = (pgettext("analysis", "place"), pgettext("analysis", "project"), pgettext("analysis", "sheets"), pgettext("analysis", "mean"), pgettext("analysis", "adjusted"),
             gettext("95 % interval"), pgettext("analysis", "places"), str(winning))  # fmt: skip
    rows = [
        (
            _figure(each.place, 0), str(each.id), _figure(each.sheets, 0), _figure(each.mean), _figure(each.adjusted),
            _range(each.low, each.high, 2) if each.standard_error else DASH, _range(each.place_low, each.place_high, 0), chance(each.chance_top),
        )
        for each in analysis.projects
    ]  # fmt: skip
    yield from _table(heads, rows, left=1)
    if any(each.standard_error for each in analysis.projects):
        yield ""
        yield gettext(
            "Given these marks and the fitted variances, the project's own score, by the measure of this jury as a whole, lies "
            "in the interval with a probability of about 95 %. How severe the whole jury is can't be known from its own marks; "
            "that moves all projects alike. Places: the middle 95 % of the simulated rankings."
        )


def _jurors(analysis: Analysis) -> Iterator[str]:
    known = [each for each in analysis.jurors if each.severity is not None]
    if not known or not analysis.model.juror:
        return
    rows = [
        (
            str(each.id),
            _figure(each.sheets, 0),
            _signed(each.severity),
            f"± {_figure(1.96 * (each.standard_error or 0.0))}",
        )
        for each in sorted(known, key=lambda each: each.severity or 0.0)
    ]
    yield from _table(
        (
            pgettext("analysis", "juror"),
            pgettext("analysis", "sheets"),
            pgettext("analysis", "severity"),
            pgettext("analysis", "95 %"),
        ),
        rows,
        left=0,
    )
    yield ""
    yield gettext(
        "Severity is what the juror adds to every mark: below nought harsher than the panel, above it more lenient."
    )


def _agreement(analysis: Analysis) -> Iterator[str]:
    found = analysis.agreement
    for name, value, words in (
        (gettext("ICC(2,1), one juror's mark"), found.icc_2_1, BANDS),
        (gettext("ICC(2,k), mean of all jurors"), found.icc_2_k, BANDS),
        (gettext("ICC(3,1), one mark, severity aside"), found.icc_3_1, BANDS),
        (gettext("ICC(3,k), mean, severity aside"), found.icc_3_k, BANDS),
        (gettext("Krippendorff's alpha"), found.krippendorff_alpha, ALPHA),
        (gettext("Kendall's W"), found.kendall_w, CONCORDANCE),
    ):
        if value is not None:
            yield f"{name}: {_figure(value)} – {gettext(_word(value, words))}"
    if analysis.reliability and found.icc_2_1 is None:
        share = analysis.reliability
        text = N_(
            "Reliability by the model: {single} of one sheet, {mean} of a mean of {sheets} – {word}; {differences} of "
            "differences between means"
        )
        single, mean, sheets = _figure(share.single), _figure(share.mean), _figure(share.sheets, 1)
        word, differences = gettext(_word(share.mean, BANDS)), _figure(share.differences)
        yield str(Message(text, single=single, mean=mean, sheets=sheets, word=word, differences=differences))


def _stable(analysis: Analysis) -> Iterator[str]:
    left_out, band, order = analysis.leave_one_out, analysis.weight_band, analysis.order
    if left_out and not left_out.changes:
        yield gettext("The winners stay whichever juror is left out.")
    elif left_out:
        for change in left_out.changes[:ROWS]:
            text = N_("Without {juror}: in {enter}, out {leave}")
            yield str(Message(text, juror=change.juror, enter=_names(change.enter), leave=_names(change.leave)))
    if band and band.stable_within is None:
        yield gettext("The winners stay for any weights of the criteria.")
    elif band and band.stable_within is not None:
        text = N_("The winners stay while no weight moves by more than {share} of itself.")
        yield str(Message(text, share=move(band.stable_within)))
        for each in band.overtakings[:5]:
            text = N_("{project} can overtake {winner} from {share} on")
            yield "  " + str(Message(text, project=each.project, winner=each.winner, share=move(each.at, up=True)))
    if order:
        text = N_("Each later turn changes the mark by {slope} (95 % interval {interval})")
        yield str(Message(text, slope=_signed(order.slope, 3), interval=_range(order.low, order.high, 3)))


def _notes(analysis: Analysis) -> Iterator[str]:
    for note in analysis.notes:
        yield f"* {note.text}"


# --- Words and figures ------------------------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> Iterator[str]:
    """Lines of a table; only the column `left` is flush left."""
    shown = [heads, *rows[:ROWS]]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = (
            word.ljust(width) if place == left else word.rjust(width)
            for place, (word, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
    if len(rows) > ROWS:
        yield str(Message.count("and {n} more (the JSON has all)", "and {n} more (the JSON has all)", len(rows) - ROWS))


def _figure(value: float | None, places: int = 2) -> str:
    return DASH if value is None else number(value, places)


def _signed(value: float | None, places: int = 2) -> str:
    return f"+{_figure(value, places)}" if value and round(value, places) > 0 else _figure(value, places)


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{number(100 * value, 0)} %"


def chance(value: float | None) -> str:
    """A chance in whole percent: what is almost sure or almost impossible is not called so."""
    if value is not None and value >= 0.995:
        return f"> {number(99, 0)} %"
    return f"< {number(1, 0)} %" if value is not None and value < 0.005 else _percent(value)


def move(share: float, *, up: bool = False) -> str:
    """By which share of itself a weight moves, in percent; never rounded to nought, and only to the side where what is
    said of it still holds: down of a move that changes nothing, `up` of one that changes something.
    """
    places = next((places for places in range(5) if share * 100 * 10.0**places >= 1), 5)
    towards = ROUND_CEILING if up else ROUND_FLOOR
    return f"{number((100 * Decimal(share)).quantize(Decimal(1).scaleb(-places), towards))} %"


def _range(low: float | None, high: float | None, places: int) -> str:
    return DASH if low is None else f"{_figure(low, places)} … {_figure(high, places)}"


def _word(value: float, words: Iterable[tuple[float, str]]) -> str:
    return next(word for least, word in words if value >= least)


def _names(names: Sequence[object]) -> str:
    return ", ".join(map(str, names[:5])) + (" …" if len(names) > 5 else "") or DASH
