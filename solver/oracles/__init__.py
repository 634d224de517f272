"""Other ways to a code, which owe nothing to column generation: it is held to them."""
