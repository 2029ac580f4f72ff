"""Which letters there are, who gets them and what they say. Pure.

A letter is written in the transaction of the action it tells of, by reading the journal. What an action passes along:

| verb                  | who is told              | needs                       | aside                                             |
|-----------------------|--------------------------|-----------------------------|---------------------------------------------------|
| person.invited        | the invited address      | subject=invitation_id       | offer: the Offer that `offer_role` gave           |
| person.reset_asked    | the person               | subject=person_id           | token: of the reset link                          |
| person.password_changed | the person             | subject=person_id           |                                                   |
| person.address_changed | the person, both addresses | subject=person_id         | before, after: the addresses                      |
| submission.returned   | the team                 | cohort, team                | assignment: title; path: "/teams/…"; deadline: datetime or None |
| submission.accepted   | the team                 | cohort, team                | assignment: title; path                           |
| team.advanced         | the team                 | cohort, team                | module: title of the next one or ""; path; deadline |
| round.published       | everybody in the cohort  | cohort                      | round: title; path                                |

    await record("submission.returned", by=viewer.id, at=viewer.now, audience=Audience.TEAM, cohort=…, team=…,
                 subject=submission_id, aside={"assignment": title, "path": f"/teams/{team}/assignments/{assignment}"})

More keys may be in `aside`: they are not used. No letter says more of the work than its title (authorisation matrix,
notification.receive): mail is a reader whom nobody can see. `path` begins with a slash; the site's address is put before it.
"""
