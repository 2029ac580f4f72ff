"""Reading the journal: rows a viewer may see are chosen by the caller, who knows the rights."""
