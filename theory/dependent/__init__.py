"""Dependent sources: how codes of them are read out, and neurons in their own columns."""
