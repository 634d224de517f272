"""Everything that shows: plots, tables, words."""
