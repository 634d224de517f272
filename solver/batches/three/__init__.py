"""Many small problems of three sources at once: arrays whose first axis counts the problems.

`faces` lists where a neuron's cost is one quadratic form, `pricing` the neurons that earn most there, `master` the best
energies of a few neurons, `polish` the last digits, `proof` what a code costs and what a multiplier proves, from the
points alone, and `search` puts these together.
"""
