import os
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incubator.foundation.i18n import speaking
from incubator.programmes.blueprint import (
    LIMITS,
    Aggregate,
    AssignmentPlan,
    Blueprint,
    BlueprintFaults,
    Closing,
    CriterionPlan,
    FieldKind,
    FieldPlan,
    Gate,
    JuryPlan,
    Language,
    LateWork,
    ModulePlan,
    Position,
    Rounding,
    TeamRules,
    read,
    read_part,
    write,
)
from incubator.programmes.blueprint_shape import Table, Tables
from programmes.sample_blueprint import GOOD

EXAMPLES = int(os.environ.get("BLUEPRINT_EXAMPLES", "200"))
some = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))

# --- What is shipped --------------------------------------------------------------------------------------------------

SHIPPED = sorted(files("incubator").joinpath("blueprints").iterdir(), key=lambda each: each.name)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda each: each.name)
def test_every_shipped_blueprint_reads_without_fault(file):
    blueprint = read(file.read_text(encoding="utf-8"))
    assert file.name == f"{blueprint.key}.toml"
    assert read(write(blueprint)) == blueprint


def test_the_school_of_municipal_teams_is_what_the_programme_is():
    school = read(files("incubator").joinpath("blueprints/school_of_municipal_teams.toml").read_text(encoding="utf-8"))
    assert set(school.team.eligible_positions) == {Position.HEAD, Position.DEPUTY_HEAD, Position.MUNICIPAL_EMPLOYEE}
    assert len(school.modules) == 6
    assert all(each.guiding_questions for module in school.modules for each in module.assignments)
    assert len(school.criteria) == 5
    assert all({each.scale_min, each.scale_max} <= each.anchors.keys() for each in school.criteria)
    assert (school.jury.aggregate, school.jury.minimum_sheets) == (Aggregate.MEAN, 3)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda each: each.name)
def test_shipped_texts_keep_to_the_style(file):
    text = file.read_text(encoding="utf-8")
    assert not {word for word in ("!", "дашборд", "питч", "фидбек", "успешно", "пожалуйста") if word in text.lower()}


# --- Reading ----------------------------------------------------------------------------------------------------------


def test_a_blueprint_is_read_into_dataclasses():
    blueprint = read(GOOD)
    assert blueprint.language is Language.EN
    assert blueprint.team == TeamRules(
        min_members=1, max_members=5, eligible_positions=(Position.HEAD, Position.DEPUTY_HEAD)
    )
    first, second = blueprint.modules
    assert (first.opens_on_day, first.due_on_day, first.due_time, second.due_time) == (0, 7, "17:30", "18:00")
    assert (first.gate, second.gate) == (Gate.ALL_REQUIRED_ACCEPTED, Gate.OPEN_BY_DATE)
    (essay,) = first.assignments
    assert (essay.required, essay.rework_limit) == (True, 1)
    assert [each.kind for each in essay.fields] == [FieldKind.SHORT_TEXT, FieldKind.CHOICE, FieldKind.TABLE]
    effect, clarity = blueprint.criteria
    assert (effect.scale_max, effect.step, effect.anchors) == (10_000, 500, {0: "none", 7500: "strong"})
    assert (clarity.scale_min, clarity.scale_max, clarity.step) == (1000, 5000, 1000)
    assert blueprint.jury.ties == ("criterion:effect", "vote", "shared")
    assert blueprint.jury.closing is Closing.CLOSE_WITH_GAPS
    assert isinstance(hash(blueprint), int)


def test_blanks_around_texts_are_no_part_of_them():
    assert read(GOOD.replace('"Demo"', '"""\n  Demo\n"""')).name == "Demo"


def test_line_ends_of_windows_are_read():
    assert read(GOOD.replace("\n", "\r\n")) == read(GOOD)


def test_parts_are_read_from_forms_and_rows():
    jury = read(GOOD).jury
    document = {name: getattr(jury, name) for name in JuryPlan.__slots__} | {"ties": list(jury.ties)}
    assert read_part(JuryPlan, document) == jury
    with pytest.raises(BlueprintFaults) as caught:
        read_part(JuryPlan, document | {"quorum": 0})
    assert [(fault.line, fault.key) for fault in caught.value.faults] == [
        (1, "quorum"),
    ]


# --- Writing ----------------------------------------------------------------------------------------------------------

SIGNS = "abcяё 0.\"'\\#=[]{}«»—,\u00a0\U0001f600"
WORDS = st.text(SIGNS, min_size=1, max_size=40).map(str.strip).filter(bool)
PROSE = st.text(SIGNS + "\n\t", max_size=150).map(str.strip) | st.just('"""\\"\n\'\'\'\n[a]\n# b')
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)


def keyed(strategy, least, most):
    return st.lists(strategy, min_size=least, max_size=most, unique_by=lambda each: each.key).map(tuple)


def different(strategy, least, most):
    return st.lists(strategy, min_size=least, max_size=most, unique=True).map(tuple)


@st.composite
def field_plans(draw):
    kind = draw(st.sampled_from(FieldKind))
    return FieldPlan(
        key=draw(KEYS),
        label=draw(WORDS),
        help=draw(PROSE),
        kind=kind,
        required=draw(st.booleans()),
        limit=draw(st.integers(1, LIMITS[kind])) if kind in LIMITS else 0,
        options=draw(different(WORDS, 2, 4)) if kind is FieldKind.CHOICE else (),
        columns=draw(different(WORDS, 1, 4)) if kind is FieldKind.TABLE else (),
    )


ASSIGNMENTS = st.builds(
    AssignmentPlan,
    key=KEYS,
    title=WORDS,
    instructions=PROSE,
    required=st.booleans(),
    rework_limit=st.integers(0, 20),
    guiding_questions=different(WORDS, 0, 3),
    fields=keyed(field_plans(), 1, 3),
)
MODULES = st.builds(
    ModulePlan,
    key=KEYS,
    title=WORDS,
    summary=PROSE,
    opens_on_day=st.integers(0, 100),
    due_on_day=st.integers(100, 200),
    due_time=st.times().map(lambda each: f"{each:%H:%M}"),
    grace_minutes=st.integers(0, 1440),
    gate=st.sampled_from(Gate),
    assignments=keyed(ASSIGNMENTS, 0, 2),
)


def late_work(module):
    """Some of those without minutes of grace take late work."""
    return LateWork.MARKED if not module.grace_minutes and len(module.title) % 2 else LateWork.REFUSED


def in_order(modules):
    opens, due = (sorted(getattr(each, name) for each in modules) for name in ("opens_on_day", "due_on_day"))
    gates = [
        each.gate if any(assignment.required for assignment in each.assignments) else Gate.OPEN_BY_DATE
        for each in modules
    ]
    return tuple(
        replace(each, opens_on_day=opens[at], due_on_day=due[at], gate=gates[at], late_work=late_work(each))
        for at, each in enumerate(modules)
    )


@st.composite
def criterion_plans(draw):
    lowest, step, steps = draw(st.integers(0, 5000)), draw(st.integers(1, 900)), draw(st.integers(1, 100))
    return CriterionPlan(
        key=draw(KEYS),
        title=draw(WORDS),
        description=draw(PROSE),
        weight=draw(st.integers(1, 1000)),
        scale_min=lowest,
        scale_max=lowest + step * steps,
        step=step,
        anchors=draw(st.dictionaries(st.integers(0, steps).map(lambda at: lowest + at * step), WORDS, max_size=4)),
    )


@st.composite
def blueprints(draw):
    criteria = draw(keyed(criterion_plans(), 1, 3))
    ties = ["first_places", "earlier_application", "vote", *(f"criterion:{each.key}" for each in criteria)]
    least, most = sorted(draw(st.tuples(st.integers(1, 50), st.integers(1, 50))))
    return Blueprint(
        key=draw(KEYS),
        version=draw(st.integers(1, 10_000)),
        name=draw(WORDS),
        summary=draw(PROSE),
        language=draw(st.sampled_from(Language)),
        team=TeamRules(
            min_members=least,
            max_members=most,
            eligible_positions=draw(different(st.sampled_from(Position), 1, 6)),
        ),
        modules=in_order(draw(keyed(MODULES, 1, 3))),
        criteria=criteria,
        jury=JuryPlan(
            aggregate=draw(st.sampled_from(Aggregate)),
            minimum_sheets=least,
            quorum=most,
            closing=draw(st.sampled_from(Closing)),
            ties=draw(different(st.sampled_from(ties), 1, 4)) + draw(st.sampled_from([(), ("shared",)])),
            decimals=draw(st.integers(0, 6)),
            rounding=draw(st.sampled_from(Rounding)),
        ),
    )


@some
@given(blueprints(), st.sampled_from(["ru", "en"]))
def test_what_is_written_is_what_is_read(blueprint, language):
    with speaking(language, "Europe/Moscow"):
        text = write(blueprint)
    assert read(text) == blueprint


def test_a_written_file_explains_each_key_once_and_hides_no_default():
    with speaking("en", "Europe/Moscow"):
        text = write(read(GOOD))
    assert text.count("# Days are counted from the first day") == 1
    assert text.count("# short_text | long_text | number") == 1
    assert text.count('due_time = "18:00"') == 1
    assert text.count("step = 1\n") == 1
    assert "\n\n\n" not in text
    assert "summary" not in text


def test_notes_are_written_in_the_language_of_the_reader():
    assert "# Дни считаются от первого дня потока" in write(read(GOOD))


def test_long_lists_are_written_one_entry_a_line():
    blueprint = read(GOOD.replace('["left", "right"]', f'["{"l" * 60}", "{"r" * 60}"]'))
    assert f'options = [\n  "{"l" * 60}",\n' in write(blueprint)


@pytest.mark.parametrize("rule", [Table(TeamRules), Tables(ModulePlan, 0, 1)])
def test_a_table_is_not_written_as_a_value(rule):
    with pytest.raises(NotImplementedError):
        rule.write(())
