"""Pictures over one or two coordinates of many problems: families, sweeps."""
