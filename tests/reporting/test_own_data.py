"""Own data: everything that is kept about a person and nothing about others, for people and for programs."""

import io
import json
import zipfile

import pytest

import cast
from incubator.foundation.database import execute, fetch_value
from incubator.people import consents
from incubator.people.consent_rules import Kind, Wording
from incubator.people.rights import Role

pytestmark = pytest.mark.usefixtures("db")


async def archive(client):
    answer = await client.post("/profile/data")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert sorted(found.namelist()) == ["own-data.html", "own-data.json"]
        return json.loads(found.read("own-data.json")), found.read("own-data.html").decode()


@pytest.fixture
async def school(db):
    where = await cast.cohort()
    await cast.begin(where)
    return where, await cast.team(where, members=1)


async def test_what_one_wrote_agreed_to_and_did_is_there(client, school):
    _, team = school
    admin = await cast.administrator()
    words = Wording(Kind.PERSONAL_DATA, "Согласие", "", "Текст <b>", "", frozenset(Role), required=False)
    document = await consents.write_document(await cast.viewer(admin), words, 0)
    await consents.agree(await cast.viewer(team.lead), document, "192.0.2.7")
    await execute(
        "INSERT INTO problem_case (id, team, state, title, updated_at, updated_by)"
        " VALUES (gen_random_uuid(), $1, 'draft', 'canarycase', now(), $2)",
        team.id, team.lead.id,
    )  # fmt: skip
    await cast.sign_in(client, team.lead)
    parts, page = await archive(client)
    assert parts["account"][0]["email"] == team.lead.email
    assert parts["memberships"][0]["position"]
    assert parts["consents"][0]["address"] == "192.0.2.7"
    assert "canarycase" in parts["problem cases"][0]["text"]
    assert {"team.registered", "consent.given"} <= {row["verb"] for row in parts["acts"]}
    assert "canarycase" in page
    assert "Текст &lt;b&gt;" in page
    assert "<script" not in page
    assert await fetch_value("SELECT count(*) FROM journal_entry WHERE verb = 'person.data_taken'") == 1


async def test_nothing_of_others_is_there(client, school):
    _, team = school
    await cast.sign_in(client, team.members[0])
    parts, page = await archive(client)
    assert team.lead.email not in page
    assert parts["problem cases"] == []
    assert "password_hash" not in page


async def test_every_column_that_names_a_person_is_gathered_or_has_a_reason():
    """A new table with somebody in it has to come into the archive."""
    from incubator.foundation.database import fetch
    from incubator.reporting import own_data

    sources = " ".join(value for name, value in vars(own_data).items() if isinstance(value, str) and name.isupper())
    from incubator.people import own_data as of_people

    sources += " ".join(value for name, value in vars(of_people).items() if isinstance(value, str) and name.isupper())
    rows = await fetch(
        "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name IN ('person', 'author', 'actor', 'made_by', 'sent_by', 'stored_by', 'asked_by', 'answered_by')"
    )
    known = {"letter", "password_reset", "checking", "proposal", *ELSEWHERE}
    missing = {row["table_name"] for row in rows if row["table_name"] not in sources} - known
    assert not missing


ELSEWHERE = {"allocation", "jury_proposal", "jury_preference", "upload"}
"""What somebody asked of another organiser is told by his acts; a file that is still coming is no file yet."""
