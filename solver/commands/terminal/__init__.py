"""What commands share: options and the problem they pose, how things are said, and how a command ends."""
