"""How each line about the moderator's desk is asked for: decisions taken back, checks under way, phrases, several teams."""

from rights.calls import PROBE, Call, get, post

PICK = {"pick": "{team}.{assignment}"}

CALLS: dict[str, list[Call]] = {
    "decision take_back author_is_moderator_own": [post("/submissions/{submission}/decision/back", "decided")],
    "check begin submitted": [post("/submissions/{submission}/checking", "remarked")],
    "check view submitted": [
        get(
            "/submissions/{submission}/checking?revision=1",
            "remarked",
            but={"moderator_own": "303", "organiser_own": "303"},
        )
    ],
    "public_comment keep author_is_moderator_own": [post("/remarks/{remark}/phrase", "remarked")],
    "public_comment keep unsent": [post("/remarks/{unsent}/phrase", "remarked")],
    "phrase view any": [get("/phrases", "phrased")],
    "phrase add own": [post("/phrases", "phrased", form={"text": PROBE})],
    "phrase add of_programme": [post("/phrases", "phrased", form={"text": PROBE, "programme": "{programme}"})],
    "phrase edit own": [
        post("/phrases/{phrase}", "phrased", form={"text": PROBE}),
        post("/phrases/{phrase}/remove", "phrased"),
    ],
    "phrase edit of_programme": [
        post("/phrases/{shared_phrase}", "phrased", form={"text": PROBE}),
        post("/phrases/{shared_phrase}/remove", "phrased"),
    ],
    "team_message preview any": [
        post("/queue/message", "draft", form=PICK),
    ],
    "team_message send any": [
        post("/queue/message", "draft", form={**PICK, "ready": "on", "text": PROBE}),
    ],
    "team_message view any": [get("/teams/{team}/messages", "phrased", shows="more")],
    "stage preview_extension any": [post("/queue/extension", "draft", form=PICK)],
    "stage grant_extensions any": [
        post(
            "/queue/extension",
            "draft",
            form={**PICK, "ready": "on", "seen": "1", "until": "2031-03-01T18:00", "reason": PROBE},
        ),
    ],
}
