"""Studies of the modularity condition, where it holds and what mixes where it does not, and of what is unique."""
