"""How each line of the matrix is asked for: consents, the settings of the installation, and what is one's own."""

from rights.calls import PROBE, Call, get, post

WORDS = {"kind": "personal_data", "title_ru": PROBE, "text_ru": PROBE, "after": "1", "press": "publish"}

CALLS: dict[str, list[Call]] = {
    "installation view any": [get("/installation", "plain")],
    "installation edit any": [
        post("/installation", "plain", page="/installation", reader="platform_admin", form={"name_ru": PROBE})
    ],
    "document view list": [get("/documents", "asked"), get("/documents/new?kind=personal_data", "asked")],
    "document write any": [
        post("/documents", "asked", page="/documents/new", reader="platform_admin", form=WORDS),
    ],
    "document read any": [get("/documents/{document}", "asked"), get("/consents/mine", "asked")],
    "consent_record view of_other": [get("/people/{person}/consents", "asked")],
    "consent_record list any": [get("/consents/given", "asked")],
    "erasure execute requested": [post("/people/{asks}/erasure", "erasure_asked")],
    "first_steps hide any": [post("/first-steps/hide", "plain"), post("/first-steps/show", "plain")],
    "own_consent answer any": [post("/documents/{document}/withdraw", "asked")],
    "own_consent answer again": [post("/documents/{document}/agree", "asked"), post("/consents", "asked")],
}
