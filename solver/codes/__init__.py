"""What a code is: a network with its loss, what its neurons read, its certificate, and what is asked of it."""
