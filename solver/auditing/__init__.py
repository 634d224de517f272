"""How far is a given code from the best? Any activity, from anywhere, held against the certified optimum."""
