"""How much a neuron can be worth, in any number of sources: from below by ascents, from above by covers."""
