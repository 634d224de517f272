"""Finding codes: how much of which neurons, and Newton's method on faces and in cones."""
