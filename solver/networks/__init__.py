"""Networks that are trained: small reimplementations of the papers' settings, to be held against the certified optimum.

The one room that needs jax and optax, which come with the extra `networks` (docs/networks.md).

    autoencoder  linear, of rectified neurons, and deep
    student      hidden units below the neurons, and a nonlinear teacher whose sources are to be recovered
    recurrent    waves in time, and path integration around a ring
    variational  noisy neurons, beta-VAE included
    shapes       the pictures that they code
    training     seeds side by side, curves, an early end, checkpoints
"""

from solver.extras import require

require("networks", "networks", "jax", "optax")
