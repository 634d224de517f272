"""The papers' claims about rectified and free neurons (docs/nonlinear_neurons.md)."""
