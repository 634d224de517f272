"""One file a method, one signature: a generator of ever better codes. `solver.optimise` decides when to stop."""
