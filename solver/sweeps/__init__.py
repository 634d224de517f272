"""Many problems: plans of points, solved by as many workers as there are, on disk as soon as they are known.

`plan` says which problems, `pose` makes them of a family or of data, `spec` reads a plan from a file. `run` solves them
through joblib, on the workers of `cluster`. `journal` keeps the points that are known, `table` makes a table of them.
`phase` and `plane` are the sweeps of the theory's pictures, along one parameter and over two.
"""
