"""Many small problems of two or three sources at once: arrays, of two with an axis that counts the problems at the end.

What is one number of one problem is an array here, so that ten thousand problems cost hardly more calls than one.
`hulls` finds the outlines of their clouds, `rays` the cones of directions on which a neuron's cost is one quadratic,
`barrier` the multiplier that proves most, `polish` the code that goes with it to the last digit, and `certificate`
measures and proves what comes out from the points alone. `three` has the same for three sources. `solve_many` is the
door.
"""
