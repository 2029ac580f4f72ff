"""Who scores whom: limits, a search by integer programming, changes by hand."""
