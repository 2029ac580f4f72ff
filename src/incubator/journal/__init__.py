"""What happened: one append-only row for each action, which feeds, audit and letters read."""
