"""The pure parts: passwords, paths, who stands how, rights and standings."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as any_

from incubator.foundation.refusals import Forbidden, NotFound
from incubator.people import rules
from incubator.people.rights import (
    REASONS,
    Grant,
    Interest,
    Relation,
    Role,
    Scope,
    Standing,
    Verdict,
    Viewer,
    guard,
    right,
)

PROGRAMME, COHORT, TEAM, OTHER = uuid4(), uuid4(), uuid4(), uuid4()
NOW = datetime(2026, 3, 14, tzinfo=UTC)


def viewer(*grants, interests=()):
    return Viewer(
        uuid4(), "Анна", "anna@example.org", "ru", "Europe/Moscow", NOW, frozenset(grants), frozenset(interests)
    )


def team(role, where=TEAM, cohort=COHORT):
    return Grant(role, Scope.TEAM, where, cohort)


def cohort(role, where=COHORT):
    return Grant(role, Scope.COHORT, where, where)


ORGANISER = Grant(Role.ORGANISER, Scope.PROGRAMME, PROGRAMME)
ADMIN = Grant(Role.ADMINISTRATOR, Scope.PLATFORM, None)
CONFLICT = Interest(COHORT, TEAM)


def relations(*grants, interests=(), of=TEAM):
    return viewer(*grants, interests=interests).standing(programme=PROGRAMME, cohort=COHORT, team=of).relations


@pytest.mark.parametrize(
    ("grants", "found"),
    [
        ([], set()),
        ([team(Role.TEAM_LEAD)], {Relation.LEAD}),
        ([team(Role.PARTICIPANT)], {Relation.MEMBER}),
        ([team(Role.PARTICIPANT, OTHER)], {Relation.OTHER_TEAM}),
        ([team(Role.PARTICIPANT, OTHER, uuid4())], set()),
        ([cohort(Role.TEAM_LEAD)], {Relation.OTHER_TEAM}),
        ([team(Role.MODERATOR)], {Relation.MODERATOR}),
        ([team(Role.MODERATOR), cohort(Role.MODERATOR)], {Relation.MODERATOR}),
        ([team(Role.MODERATOR, OTHER), cohort(Role.MODERATOR)], {Relation.OTHER_MODERATOR}),
        ([cohort(Role.MODERATOR, uuid4())], set()),
        ([cohort(Role.JUROR)], {Relation.JUROR}),
        ([cohort(Role.JUROR), team(Role.PARTICIPANT)], {Relation.JUROR_CONFLICTED, Relation.MEMBER}),
        ([cohort(Role.JUROR), team(Role.MODERATOR)], {Relation.JUROR_CONFLICTED, Relation.MODERATOR}),
        ([ORGANISER], {Relation.ORGANISER}),
        ([ORGANISER, team(Role.PARTICIPANT)], {Relation.ORGANISER_CONFLICTED, Relation.MEMBER}),
        ([ORGANISER, team(Role.PARTICIPANT, OTHER)], {Relation.ORGANISER, Relation.OTHER_TEAM}),
        ([Grant(Role.ORGANISER, Scope.PROGRAMME, OTHER)], set()),
        ([ADMIN], {Relation.ADMINISTRATOR}),
    ],
)
def test_how_somebody_stands_to_a_team(grants, found):
    assert relations(*grants) == found


def test_a_declared_conflict_counts_for_its_team_and_for_the_cohort_as_a_whole():
    assert relations(cohort(Role.JUROR), interests=[CONFLICT]) == {Relation.JUROR_CONFLICTED}
    assert relations(cohort(Role.JUROR), interests=[CONFLICT], of=OTHER) == {Relation.JUROR}
    assert relations(cohort(Role.JUROR), interests=[CONFLICT], of=None) == {Relation.JUROR_CONFLICTED}
    assert relations(ORGANISER, interests=[CONFLICT]) == {Relation.ORGANISER_CONFLICTED}
    assert relations(ORGANISER, interests=[Interest(uuid4(), TEAM)], of=None) == {Relation.ORGANISER}
    assert relations(ORGANISER, team(Role.PARTICIPANT, OTHER), of=None) == {
        Relation.ORGANISER_CONFLICTED,
        Relation.OTHER_TEAM,
    }


def standing(*found):
    return Standing(frozenset(found))


LOOSE = right("test.loose", allow=frozenset({Relation.MEMBER}), forbid=frozenset({Relation.JUROR, Relation.MEMBER}))
STRICT = right("test.strict", allow=frozenset({Relation.MEMBER}), forbid=frozenset({Relation.JUROR}), strict=True,
               reason=rules.NOT_ONESELF)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "loose", "strict"),
    [
        ([], Verdict.HIDE, Verdict.HIDE),
        ([Relation.MEMBER], Verdict.ALLOW, Verdict.ALLOW),
        ([Relation.JUROR], Verdict.FORBID, Verdict.FORBID),
        ([Relation.MEMBER, Relation.JUROR], Verdict.ALLOW, Verdict.FORBID),
        ([Relation.LEAD], Verdict.HIDE, Verdict.HIDE),
    ],
)
def test_three_answers(found, loose, strict):
    assert standing(*found).judge(LOOSE) is loose
    assert standing(*found).judge(STRICT) is strict
    assert standing(*found).may(LOOSE) is (loose is Verdict.ALLOW)


def test_the_one_door():
    guard(Verdict.ALLOW, LOOSE)
    with pytest.raises(NotFound):
        standing().need(LOOSE)
    with pytest.raises(Forbidden) as refusal:
        standing(Relation.JUROR).need(STRICT)
    assert refusal.value.reason is REASONS["test.strict"]


def test_a_viewer_knows_his_places():
    someone = viewer(team(Role.PARTICIPANT), team(Role.PARTICIPANT, OTHER), ADMIN)
    assert someone.places(Role.PARTICIPANT, Scope.TEAM) == sorted([TEAM, OTHER])
    assert someone.holds(Role.PARTICIPANT, Scope.TEAM, TEAM) and not someone.holds(Role.TEAM_LEAD, Scope.TEAM, TEAM)
    assert someone.is_administrator and not viewer().is_administrator


FAMILY = frozenset({PROGRAMME, COHORT})


@pytest.mark.parametrize(
    ("held", "offered", "reason"),
    [
        (ORGANISER, cohort(Role.JUROR), rules.JUDGE_OR_RUN),
        (cohort(Role.JUROR), ORGANISER, rules.JUDGE_OR_RUN),
        (cohort(Role.JUROR, OTHER), ORGANISER, None),
        (Grant(Role.ORGANISER, Scope.PROGRAMME, OTHER), cohort(Role.JUROR), None),
        (ORGANISER, cohort(Role.MODERATOR), None),
        (ADMIN, cohort(Role.JUROR), None),
        (team(Role.PARTICIPANT), team(Role.PARTICIPANT, OTHER), rules.ONE_TEAM),
        (team(Role.TEAM_LEAD), team(Role.PARTICIPANT, OTHER), rules.ONE_TEAM),
        (team(Role.PARTICIPANT), team(Role.TEAM_LEAD), None),
        (team(Role.PARTICIPANT), team(Role.PARTICIPANT, OTHER, uuid4()), None),
        (cohort(Role.TEAM_LEAD), team(Role.TEAM_LEAD), None),
        (team(Role.MODERATOR), team(Role.PARTICIPANT), rules.WORK_OR_CHECK),
        (team(Role.PARTICIPANT), team(Role.MODERATOR), rules.WORK_OR_CHECK),
        (team(Role.MODERATOR), team(Role.PARTICIPANT, OTHER), None),
        (cohort(Role.JUROR), team(Role.PARTICIPANT), None),
    ],
)
def test_roles_that_exclude_each_other(held, offered, reason):
    assert rules.clash([held], offered, family=FAMILY) is reason


def test_jurors_of_one_cohort_know_each_other():
    assert rules.judge_together(viewer(cohort(Role.JUROR)), [cohort(Role.JUROR)])
    assert not rules.judge_together(viewer(cohort(Role.JUROR)), [cohort(Role.JUROR, OTHER), cohort(Role.MODERATOR)])


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("семь сов на сосне", None), ("Длинный-пароль-1", None), ("короткий", rules.TOO_SHORT), ("anna@example.org", rules.IS_ADDRESS),
        ("ANNA@example.org", rules.IS_ADDRESS), ("PASSWORD1234", rules.TOO_COMMON), ("ababababababab", rules.REPEATS),
    ],
)  # fmt: skip
def test_good_and_bad_passwords(password, fault):
    assert rules.password_fault(password, "anna@example.org") is fault


def test_the_name_before_the_at_is_no_password_either():
    assert rules.password_fault("anna.vetrova", "anna.vetrova@example.org") is rules.IS_ADDRESS


def test_common_passwords_in_the_list_are_long_enough_to_be_met():
    assert all(len(each) >= 9 for each in rules.COMMON)


def test_an_invitation_is_a_role_and_closes_by_itself():
    from datetime import timedelta

    made = {
        "id": uuid4(), "email": "a@example.org", "name": "", "role": Role.JUROR, "scope": Scope.COHORT, "scope_id": COHORT,
        "cohort": COHORT, "position": "", "time_zone": "", "invited_by": None, "expires_at": NOW, "accepted_at": None,
        "revoked_at": None,
    }  # fmt: skip
    assert rules.Invitation(**made).grant == cohort(Role.JUROR)
    assert rules.Invitation(**made).closed(NOW - timedelta(seconds=1)) is None
    assert rules.Invitation(**made).closed(NOW) is rules.EXPIRED
    for more, reason in (({"accepted_at": NOW}, rules.USED), ({"revoked_at": NOW}, rules.REVOKED)):
        assert rules.Invitation(**{**made, **more}).closed(NOW) is reason


@for_all(any_.text())
def test_no_path_leads_away(path):
    local = rules.local_path(path)
    assert local == "/" or (local == path and path[0] == "/" and path[1:2] not in {"/", "\\"} and path.isprintable())


@for_all(any_.text(alphabet=rules.CODE_LETTERS, min_size=12, max_size=12), any_.sampled_from(["", " ", "-", "\u00a0"]))
def test_a_printed_code_reads_back(letters, between):
    assert rules.plain_code(rules.printed_code(letters)) == letters
    assert rules.plain_code(between.join(letters.lower())) == letters


@for_all(any_.text(max_size=40))
def test_no_text_breaks_the_code_reader(typed):
    plain = rules.plain_code(typed)
    assert plain == "" or (len(plain) == 12 and set(plain) <= set(rules.CODE_LETTERS))
