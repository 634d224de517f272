"""Tasks in time: trials as they are posed, and what memory costs whatever the network."""
