"""The command line, one file a command; reading/ and terminal/ hold what commands share."""
