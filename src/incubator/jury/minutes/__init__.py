"""Minutes of a round and what else leaves the jury as a document: sheets, certificates, spreadsheets."""
