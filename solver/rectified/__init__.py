"""Certified optimal codes of rectified neurons, ``a = max(0, S w + b)`` (docs/mathematics.md, "Nonlinear neurons").

1. A loss (`loss`) knows the samples and the costs, and its frame the scaled coordinates in which all else works.
2. Start with neurons along every source, both ways.
3. Master: the best energies of the neurons there are (`solver.generation.energies`).
4. Newton's method in all neurons at once (`newton`), on the faces cut out by the samples' kinks.
5. Climb (`climb`): from these neurons and from random ones to neurons that are worth more than they cost, with
   exact searches over whole great circles (`circle`). What is found joins, and the round begins again at 3.
6. Where nothing is found, prove that nothing is there (`pricing`): one source exactly (`one_source`), two and three by
   simplicial cones of (w, b) (`cones`). A neuron that turns up in a proof joins as well.

`search` ties these together.
"""
