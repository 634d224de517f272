"""What is asked of problems and codes beyond the optimum: fewer neurons, groups apart."""
