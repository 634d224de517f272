"""Studies of tasks in time."""
