"""Hull, faces and normal cones, quadratic forms on them, and the best neuron on each: arrays in, arrays out."""
