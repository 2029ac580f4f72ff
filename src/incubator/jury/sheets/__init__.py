"""Score sheets as jurors fill them: saved, handed in, sent later from a device; and the materials beside them."""
