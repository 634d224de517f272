"""Dependent sources: how codes of them are read out, which modular code is best, and neurons in their own columns."""
