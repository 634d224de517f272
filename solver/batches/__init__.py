"""Many small problems of two sources at once: arrays whose last axis counts the problems.

What is one number of one problem is an array here, so that ten thousand problems cost hardly more calls than one.
`hulls` finds the outlines of their clouds, `rays` the cones of directions on which a neuron's cost is one quadratic,
`barrier` the multiplier that proves most, `polish` the code that goes with it to the last digit, and `certificate`
measures and proves what comes out from the points alone. `solve_many` is the door.
"""
