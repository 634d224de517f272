"""Column generation: a pool of neurons, the restricted master problem, and pricers (docs/mathematics.md, "Column
generation").

1. Pool (`pool`): neurons u_j with f(u_j) = 1, each with its active samples, those that attain its bias.
2. Master (`master`, `energies`): the energies x >= 0 of these that minimise sum_j x_j + g(sum_j x_j u_j u_j').
3. Drop neurons without energy, and write the same G with as few as can be.
4. Move all neurons of that code together on their faces by Newton's method (`active_set`).
5. Take the multiplier Y = -grad g of the code.
6. Price (`pricers`): neurons with u'Y u > f(u) join the pool, and the largest ratio rho proves a lower bound.
7. Stop where no neuron earns more than it costs, or else go back to 2.

`loop` ties these together. What a neuron costs is known to the loss (`loss`) and to the pricers alone. A method
(`solver.methods`) chooses a pricer and a rule to stop by: so do `columns`, `ascents`, `recurrent` and `spans`, of which
the last has a loss that keeps each neuron to the span of its group when it moves.

Others share parts of it, for a reason. `continuation` prices once and has no loop. `symmetric` has matrices for
columns, the mean of all images of a neuron, which no step on faces moves. `groups` solves each group with one of these.
What rectified and free neurons do is no linear function of their weights, so that their masters and moves are their
own; they share the energies of a design, or how neurons that point the same way are found and merged (`pool`).
"""
