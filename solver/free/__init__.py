"""Free neurons: any activity of no negative value is a neuron, whatever an encoder could do."""
