"""The result of a round: counted up, explained, advised on, deliberated, kept as a snapshot."""
