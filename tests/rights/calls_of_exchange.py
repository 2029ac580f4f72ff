"""How each line about opened work, peers' remarks, published cases and the search is asked for."""

from rights.calls import PROBE, Call, get, post
from rights.matrix import ROLES

HERE = "/teams/{team}/exchange"

NOT_LISTED = dict.fromkeys(ROLES, "200")
"""Of the search an N says: not in the results. What is asked for is cut short, so that the form's echo tells no secret."""

CALLS: dict[str, list[Call]] = {
    "search finds_team_draft by_title_word": [get("/search?q=canarycas", "draft", but=NOT_LISTED, shows="case")],
    "search finds_team by_hidden_attribute": [get("/search?q=canarynot", "remarked", but=NOT_LISTED, shows="note")],
    "case similar draft": [get("/teams/{team}/case/similar", "draft")],
    "opened_work view any": [get("/opened/{opened}", "opened", shows="work")],
    "opened_work list cohort": [get("/cohorts/{cohort}/opened", "opened")],
    "opened_work list_own any": [get(HERE, "opened")],
    "opened_work preview any": [get(f"{HERE}/preview?work={{submission}}", "sent", shows="work")],
    "opened_work open any": [
        post(HERE, "sent", form={"work": "{submission}", "version": "{revision}", "wish": PROBE}),
    ],
    "opened_work close any": [post("/opened/{opened}/close", "opened")],
    "peer_remark create any": [post("/opened/{opened}/remarks", "opened", form={"text": PROBE})],
    "peer_remark answer any": [post("/peer-remarks/{peer_remark}/answer", "opened", form={"mark": "used"})],
    "peer_remark hide any": [post("/peer-remarks/{peer_remark}/hide", "opened", form={"reason": PROBE})],
    "case_card agree cohort_closed": [post("/teams/{team}/case/card", "cohort_over", form={"step": "agree"})],
    "case_card publish agreed": [post("/teams/{team}/case/published", "card_agreed", form={"step": "publish"})],
    "case view published": [get("/cases/{card}", "card_published", shows="case")],
}
