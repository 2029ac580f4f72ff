"""The score ledger of a round: what the product adds to it, and the verifier that needs nothing of the product."""
