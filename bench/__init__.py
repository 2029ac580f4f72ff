"""What the product costs: time, statements and memory of the hot pages, beside what the same work costs without it."""
