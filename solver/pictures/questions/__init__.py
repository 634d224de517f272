"""Pictures of what is asked beyond one answer."""
