"""The best modular code, the point of comparison everywhere: closed forms, and a convex program elsewhere."""
