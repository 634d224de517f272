"""One file a method, one signature: a generator of ever better codes. What decides when to stop is `solver.solve`."""
