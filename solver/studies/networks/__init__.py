"""The papers' claims about networks, tried on networks that are trained (docs/networks.md); needs `solver.networks`."""
