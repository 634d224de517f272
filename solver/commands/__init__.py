"""The command line, one file a command, and what commands share: options, input, output, and how they end."""
