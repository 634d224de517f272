"""What a code of free neurons costs: any activity a >= 0 is a neuron, of cost alpha sum_t p_t a_t^2."""

from __future__ import annotations

from dataclasses import dataclass

from theory.arrays import Array
from theory.immutable import Frozen
from theory.neurons.sample_readout import SampleReadout


@dataclass(frozen=True, eq=False)
class FreeLoss(Frozen):
    """The cost of activity and the readout of a code.

    Example:
        >>> import numpy as np
        >>> from theory.neurons.sample_readout import SampleReadout
        >>> half = np.array([0.5, 0.5])
        >>> loss = FreeLoss(half, 1.0, SampleReadout(np.array([[-1.0], [1.0]]), half, 1.0, np.inf))
        >>> loss.value(np.array([[0.0], [2.0]]))
        3.0
    """

    probabilities: Array  # (T,) p, nonnegative, of sum one. A sample of p_t = 0 may only have error weight 0
    activity_cost: float  # alpha, positive
    readout: SampleReadout  # targets, and what a decoder and its errors cost

    def value(self, activity: Array) -> float:
        """The loss of a code with its best decoder.

        Args:
            activity: (T, n).
        """
        return self.activity_cost * float(self.probabilities @ (activity**2).sum(axis=1)) + self.readout.value(activity)
