"""The command line, one file per command; terminal/ holds what commands share."""
