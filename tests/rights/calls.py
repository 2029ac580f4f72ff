"""How each line of the matrix is asked for: the requests of teams, their work, moderators and accounts.

One request serves every role, allowed or refused, so that no refusal passes because something was missing in it.
Words in braces are ids of the world; `page` is where a browser finds the form, as `reader` sees it, before `form` is
typed over it. Those of cohorts and juries are in `calls_of_cohorts.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cast

WORK = "/teams/{team}/assignments/{assignment}"
MATERIALS = "/rounds/{round}/projects/{project}/materials"
PROBE = "Проба"  # what is typed where anything will do


@dataclass(frozen=True)
class Call:
    """One request. `shows` is the secret that every allowed answer must hold; `but` are statuses that differ by role.

    `noted_of`: only of roles that begin so is a reading put into the journal; a team that reads its own work is no news.
    `jurors` is the address at which jurors find what others find at `path`. `asks_jury`: whether a round has opened the
    team's work to a juror of its cohort is one statement more, and a juror knows that his cohort has teams. A call with
    `headers` of its own is no form: it sends `body` of the type `kind`.
    """

    method: str
    path: str
    at: str
    form: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    page: str = ""
    reader: str = ""
    upload: tuple[str, str, bytes] | None = None
    shows: str = ""
    but: Mapping[str, str] = field(default_factory=dict)
    noted_of: str = ""
    stream: bool = False
    jurors: str = ""
    asks_jury: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    kind: str = ""

    @property
    def address(self) -> str:
        """The form's address without a query."""
        return self.path.partition("?")[0]


def get(path: str, at: str, **more) -> Call:
    return Call("GET", path, at, **more)


def post(path: str, at: str, **more) -> Call:
    return Call("POST", path, at, **more)


INVITEE = {"email": "guest@example.org", "name": "Гость", "position": "head"}
LEAVE = "/teams/{team}/members/{membership_leaving}/remove"
MEMBERSHIP = "/teams/{team}/members/{membership_participant}"
LEAD = "/teams/{team}/members/{membership_participant}/lead"
REGISTRATION = {
    "oktmo": "54701000", "municipality": "Орёл", "kind": "urban_district", "time_zone": "Europe/Moscow",
    "team_name": "Новая команда", "email": "lead@example.org", "name": "Новый Лидер", "position": "head",
}  # fmt: skip
DECISION = {"revision": "1", "message": PROBE}
UPLOAD = ("answer-data_file", "Таблица.pdf", cast.PDF)
TUS = {"tus-resumable": "1.0.0", "accept": "application/json"}
PIECE = "application/offset+octet-stream"
ANNOUNCED = {
    **TUS,
    "upload-length": "1000",
    "upload-metadata": "field ZGF0YV9maWxl,filename YS5wZGY=",
}  # data_file, a.pdf
OWN_TEAM = {"participant": "303", "team_lead": "303", "participant_other_team": "303"}
"""Whoever has a team in the cohort is led to it instead of being refused."""

CALLS: dict[str, list[Call]] = {
    # --- The case
    "case view draft": [get("/teams/{team}/case", "draft", shows="case")],
    "case edit draft": [
        post("/teams/{team}/case", "draft", page="/teams/{team}/case", reader="team_lead", form={"title": PROBE}),
        get("/teams/{team}/case/check", "draft", shows="case"),
    ],
    "case submit draft": [
        post("/teams/{team}/case/submit", "draft", page="/teams/{team}/case/check", reader="team_lead")
    ],
    "case delete draft": [post("/teams/{team}/case/delete", "draft")],
    "case restore deleted": [post("/teams/{team}/case/restore", "case_deleted")],
    "case view submitted": [get("/teams/{team}/case", "case_submitted", shows="case")],
    "case edit submitted": [post("/teams/{team}/case", "case_submitted", form={"title": PROBE, "version": "1"})],
    "case withdraw submitted": [post("/teams/{team}/case/withdraw", "case_submitted", form={"reason": PROBE})],
    "case_versions view any": [
        get("/teams/{team}/case/versions", "case_submitted"),
        get("/teams/{team}/case/versions/1", "case_submitted", shows="case"),
        get("/teams/{team}/case/comparison", "case_submitted"),
    ],
    # --- The stages and the work in them
    "stage view open": [get("/teams/{team}", "draft")],
    "stage submit open": [
        post(f"{WORK}/check", "draft", page=f"{WORK}/check", reader="team_lead"),
    ],
    "stage check open": [get(f"{WORK}/check", "draft", shows="work")],
    "stage submit after_deadline": [post(f"{WORK}/check", "late", form={"version": "2"})],
    "stage return submitted": [
        post("/submissions/{submission}/decision", "sent", form={**DECISION, "outcome": "returned"}),
        post("/submissions/{submission}/decision", "sent", form={**DECISION, "outcome": "accepted"}),
    ],
    "stage advance submitted": [post("/teams/{team}/modules/{module}/advance", "accepted")],
    "stage advance not_submitted": [
        post("/teams/{team}/modules/{module}/advance", "nothing_sent"),
        post("/teams/{team}/modules/{module}/advance", "nothing_sent", form={"reason": PROBE}),
    ],
    "stage rollback advanced": [post("/teams/{team}/modules/{module}/rollback", "advanced", form={"reason": PROBE})],
    "stage grant_extension any": [
        post(f"{WORK}/extension", "draft", form={"until": "2031-03-01T18:00", "reason": PROBE})
    ],
    "deliverable view draft": [get(WORK, "draft", shows="work")],
    "deliverable edit draft": [
        post(
            WORK,
            asks_jury=True,
            at="draft",
            page=WORK,
            reader="participant",
            form={"answer-against": PROBE, "press": "save"},
        )
    ],
    "deliverable view submitted_before_jury": [
        get(WORK, "sent", shows="work"),
        get(f"{WORK}/revisions/1", "sent", shows="work"),
        get(f"{WORK}/revisions/1/receipt", "sent"),
        get(f"{WORK}/comparison", "sent"),
    ],
    "deliverable view jury_open": [
        get(f"{WORK}/revisions/1", "round_open", shows="work", jurors=MATERIALS, noted_of="juror"),
    ],
    "deliverable read_by_team jury_open": [get(f"{WORK}/revisions/1", "round_open", shows="work")],
    "deliverable read_by_jury jury_open": [get(MATERIALS, "round_open", shows="work")],
    "deliverable edit jury_open": [
        post(WORK, asks_jury=True, at="round_open", form={"answer-against": PROBE, "press": "save"})
    ],
    "deliverable replace extension_granted": [
        post(
            WORK,
            asks_jury=True,
            at="extended",
            page=WORK,
            reader="participant",
            form={"answer-against": PROBE, "press": "save"},
        )
    ],
    "deliverable delete submitted": [post(WORK, asks_jury=True, at="sent", form={"remove": "{file}"})],
    # --- Files
    "file upload draft": [
        post(
            WORK, asks_jury=True, at="draft", page=WORK, reader="participant", form={"press": "upload"}, upload=UPLOAD
        ),
    ],
    "file download draft": [get("/files/{file}", "draft", shows="bytes")],
    "file download_copied_link draft": [get("/files/{file}", "draft", shows="bytes")],
    "file download jury_open": [get("/files/{file}", "round_open", shows="bytes", noted_of="juror", asks_jury=True)],
    "file read_by_jury jury_open": [
        get("/rounds/{round}/projects/{project}/files/{file}", "round_open", shows="bytes", asks_jury=True),
        get("/rounds/{round}/projects/{project}/files/{file}/shown", "round_open", shows="bytes", asks_jury=True),
    ],
    "file download quarantined": [get("/files/{file}", "quarantined", asks_jury=True)],
    "file delete draft": [
        post(WORK, asks_jury=True, at="draft", page=WORK, reader="participant", form={"remove": "{file}"})
    ],
    "file announce draft": [
        Call("POST", f"{WORK}/uploads", "draft", headers=ANNOUNCED, but={"participant": "201", "team_lead": "201"})
    ],
    "file_piece ask coming": [
        Call("GET", "/uploads/{upload}", "uploading", headers=TUS, but={"visitor": "401"}),
    ],
    "file_piece send coming": [
        Call(
            "PATCH", "/uploads/{upload}", "uploading", headers={**TUS, "upload-offset": "0"}, body=b"x" * 20, kind=PIECE
        )
    ],
    "file_piece drop coming": [Call("DELETE", "/uploads/{upload}", "uploading", headers=TUS)],
    "file show draft": [
        get("/files/{file}/shown", "draft", shows="bytes"),
        get("/files/{file}/view", "draft", shows="file"),
    ],
    "file show jury_open": [get("/files/{file}/shown", "round_open", shows="bytes", noted_of="juror", asks_jury=True)],
    "file view jury_open": [get("/files/{file}/view", "round_open", shows="file", asks_jury=True)],
    "file show quarantined": [
        get("/files/{file}/shown", "quarantined", asks_jury=True),
        get("/files/{file}/view", "quarantined", asks_jury=True),
    ],
    "file name draft": [post("/files/{file}/name", "draft", form={"name": PROBE, "description": PROBE})],
    "file restore removed": [
        post(WORK, asks_jury=True, at="file_removed", page=WORK, reader="participant", form={"restore": "{file}"})
    ],
    "files_of_team take draft": [get("/teams/{team}/files.zip", "draft", shows="bytes")],
    # --- Moderation
    "private_note view any": [get("/teams/{team}/notes", "remarked", shows="note")],
    "private_note create any": [post("/teams/{team}/notes", "remarked", form={"text": PROBE})],
    "private_note edit author_is_moderator_own": [post("/notes/{note}", "remarked", form={"text": PROBE})],
    "private_note retract author_is_moderator_own": [post("/notes/{note}/retract", "remarked")],
    "public_comment view any": [
        get(WORK, "remarked", shows="remark"),
        get("/teams/{team}/questions", "remarked", shows="answer"),
    ],
    "public_comment create any": [
        post("/submissions/{submission}/remarks", "remarked", form={"revision": "1", "field": "trend", "text": PROBE}),
        post("/teams/{team}/questions", "remarked", form={"text": PROBE}),
    ],
    "public_comment send author_is_moderator_own": [
        post("/submissions/{submission}/remarks/send", "remarked", but={"organiser_own": "409"})
    ],
    "public_comment reply any": [post("/remarks/{remark}/reply", "remarked", form={"text": PROBE})],
    "public_comment edit author_is_moderator_own_within_15_min": [
        post("/remarks/{remark}", "remarked", form={"text": PROBE})
    ],
    "public_comment edit after_15_min": [post("/remarks/{remark}", "remarked_long_ago", form={"text": PROBE})],
    "public_comment hard_delete any": [post("/remarks/{remark}/drop", "remarked")],
    "public_comment reply unsent": [post("/remarks/{unsent}/reply", "remarked", form={"text": PROBE})],
    "public_comment edit unsent": [post("/remarks/{unsent}", "remarked", form={"text": PROBE})],
    "public_comment drop unsent": [post("/remarks/{unsent}/drop", "remarked")],
    "guiding_question answer any": [post("/questions/{question}/answer", "remarked", form={"text": PROBE})],
    "guiding_question reply any": [post("/questions/{question}/replies", "remarked", form={"text": PROBE})],
    "guiding_question settle any": [post("/questions/{question}/settled", "remarked")],
    "case_history view any": [get("/teams/{team}/case/history", "remarked", shows="answer")],
    "desk view submitted": [
        get("/submissions/{submission}/desk", "remarked", shows="work"),
        get("/submissions/{submission}/next", "remarked", but={"moderator_own": "303", "organiser_own": "303"}),
    ],
    # --- Contacts and members
    "contacts view any": [get("/teams/{team}/contacts", "plain", shows="lead")],
    "contacts export any": [post("/teams/{team}/contacts", "plain", form={"purpose": PROBE})],
    "team view any": [get("/teams/{team}/members", "plain")],
    "team register any": [
        post("/register/{cohort}", "plain", form=REGISTRATION),
        get("/register/{cohort}", "plain", but=OWN_TEAM),
        get("/register/{cohort}/municipality?oktmo=54701000", "plain"),
    ],
    "team invite_member any": [
        post("/teams/{team}/invitations", "plain", form=INVITEE),
        post("/teams/{team}/invitations/{invitation}/withdraw", "invited"),
    ],
    "team remove_member any": [post(LEAVE, "plain")],
    "team edit_member any": [
        get(MEMBERSHIP, "plain"),
        post(MEMBERSHIP, "plain", page=MEMBERSHIP, reader="team_lead", form={"job_title": PROBE}),
    ],
    "team correct any": [
        get("/teams/{team}/settings", "plain"),
        post(
            "/teams/{team}/settings",
            "plain",
            page="/teams/{team}/settings",
            reader="organiser_own",
            form={"team_name": PROBE, "reason": PROBE},
        ),
    ],
    "team withdraw any": [post("/teams/{team}/withdraw", "plain", form={"reason": PROBE})],
    "team return withdrawn": [post("/teams/{team}/return", "team_withdrawn", form={"reason": PROBE})],
    "team transfer_lead any": [post(LEAD, "plain", form={"instead_of": "{membership_team_lead}"})],
    # --- Live pages
    "sse_team subscribe any": [get("/teams/{team}/live", "plain", stream=True)],
    # --- Accounts
    "own_profile view any": [get("/profile", "plain")],
    "own_profile edit any": [post("/profile", "plain", page="/profile", reader="participant", form={"name": PROBE})],
    "own_profile export any": [post("/profile/data", "plain")],
    "own_profile request_deletion any": [post("/profile/deletion", "plain")],
    "own_profile recall_deletion any": [post("/profile/deletion/recall", "all_ask_erasure")],
    "own_access_log view any": [get("/journal/about-me", "plain")],
    "own_pages view any": [
        get("/", "round_scored", but=dict.fromkeys(("participant", "team_lead", "participant_other_team"), "303")),
        get("/queue", "remarked"),
        get("/jury", "round_scored"),
        get("/journal/mine", "round_scored"),
    ],
    "journal view team": [get("/teams/{team}/journal", "round_scored")],
    "audit_platform view any": [get("/journal", "round_scored")],
    "other_profile edit any": [
        post("/people/{person}/address", "plain", form={"email": "another@example.org"}),
    ],
    "user view of_other": [get("/people/{person}", "plain")],
    "user list any": [get("/people", "plain")],
    "programme list any": [get("/programmes", "plain")],
    "programme create any": [post("/programmes", "plain", form={"name": "Школа городов"})],
    "user send_reset_mail of_other": [post("/people/{person}/reset", "plain")],
    "user deactivate of_other": [post("/people/{person}/deactivate", "plain")],
    "user reactivate of_other": [post("/people/{person}/reactivate", "person_closed")],
    "role grant_organiser any": [
        post(
            "/people/organisers",
            "plain",
            form={"email": "new@example.org", "name": "Новый", "programme": "{programme}"},
        )
    ],
    "role elevate_self any": [
        post("/people/organisers", "plain", form={"email": "{self_email}", "name": "Я сам", "programme": "{programme}"})
    ],
    "invitation accept issued_to_another_address": [post("/invitation/{key}", "invited")],
    # --- Letters
    "letters view cohort": [get("/cohorts/{cohort}/letters", "invited", shows="invited")],
    "letters view platform": [get("/letters", "invited")],
    "letters again cohort": [post("/letters/{letter}/again", "invited")],
    "letters again platform": [post("/letters/{platform_letter}/again", "invited")],
    "invitation card team": [get("/invitations/{invitation}/card", "invited", shows="invited")],
    "invitation card cohort": [get("/invitations/{invitation_to_cohort}/card", "invited")],
}
