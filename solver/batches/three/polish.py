"""From nearly the best energies to the optimal code of three sources: at most six neurons, to the last digit.

1. The neurons are the local maxima of the ratio that earn what they cost, nearly: up to six, and of a neuron and its
   mirror image one. Each column leaves its energy to the one that it is most alike.
2. A neuron moves within its face: w = B z with f(w) = |z|^2 there, B from `faces`, with a column of zeros for each
   dimension that a face has less than three.
3. Newton's method for all z at once, which minimise sum |z|^2 + tr K H^-1, H = sum w w' + G0. With Y = H^-1 K H^-1 half
   the slope is z - B'Y w, and half the second derivatives are I - B'Y B for each neuron and, for each two, i and j,
   B_i'(H^-1 w_j w_i'Y + (w_i'Y w_j) H^-1 + (w_i'H^-1 w_j) Y + Y w_j w_i'H^-1) B_j.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.three.faces import Faces
from solver.batches.three.master import Columns
from solver.batches.three.matrices import inverses, multipliers, solved, squared_sines
from solver.batches.three.pricing import FacePrices
from theory.arrays import Array, Indices, Mask

NEURONS = 6
"""d (d + 1) / 2."""


@dataclass(frozen=True)
class ThreePolishTolerances:
    """What counts as a neuron, and how far Newton's method goes."""

    touches: float = 1e-2  # by how much it may earn less than it costs
    line: float = 1e-4  # sine of the angle between two neurons of one line
    steps: int = 5  # three are usual
    singular: float = 1e-14  # what is added to the diagonal of second derivatives


THREE_POLISH = ThreePolishTolerances()


def polished(columns: Columns, faces: Faces, maxima: FacePrices) -> Array:
    """(n, 6, 3) the neurons of codes, of the size in which they are used; zero in unused places.

    Args:
        columns: neurons and energies that are nearly the best.
        faces: of the hulls.
        maxima: the local ones of the ratio at the columns' multiplier.
    """
    places, lines = lines_that_touch(maxima, THREE_POLISH.touches)
    earned = np.where(lines.any(axis=2), np.take_along_axis(maxima.ratios, places, axis=1), 0.0)
    first = np.argsort(-earned, axis=1)[:, :NEURONS]
    places, lines = np.take_along_axis(places, first, axis=1), np.take_along_axis(lines, first[..., None], axis=1)
    kept: Mask = np.asarray(lines.any(axis=2))
    energies = _gathered(columns, lines)
    basis, corner = _bases(faces, places)
    basis = np.where(kept[..., None, None], basis, 0.0)
    z = _inside(basis, corner, lines) * np.sqrt(energies)[..., None]
    for _ in range(THREE_POLISH.steps):
        z = z - _newton(basis, z, columns.demand, columns.ridge)
    return np.asarray((basis @ z[..., None])[..., 0])


def lines_that_touch(maxima: FacePrices, touches: float) -> tuple[Indices, Array]:
    """(n, 13) the places of the best local maxima, and (n, 13, 3) those that earn that nearly what they cost.

    Zero for others, and for what lies along a line that has been named: a neuron and its mirror image add the same.
    """
    most = 2 * NEURONS
    places = np.argpartition(-maxima.ratios, most, axis=1)[:, : most + 1]
    touching = np.take_along_axis(maxima.ratios, places, axis=1) > 1 - touches
    lines = np.where(touching[..., None], np.take_along_axis(maxima.neurons, places[..., None], axis=1), 0.0)
    alike = (squared_sines(lines, lines) < THREE_POLISH.line**2) & np.tri(most + 1, k=-1, dtype=np.bool_)
    again: Mask = np.asarray(alike.any(axis=2))
    return places, np.where(again[..., None], 0.0, lines)


def _gathered(columns: Columns, lines: Array) -> Array:
    """(n, 6) the energies of the columns, each counted for the line (n, 6, 3) that it is most alike (step 1)."""
    size = np.sqrt((lines * lines).sum(axis=-1))
    alike = np.abs(columns.neurons @ lines.transpose(0, 2, 1)) / np.where(size > 0, size, 1.0)[:, None]
    nearest = alike.argmax(axis=2)
    return np.stack([np.where(nearest == line, columns.energies, 0.0).sum(axis=1) for line in range(NEURONS)], axis=1)


def _bases(faces: Faces, places: Indices) -> tuple[Array, Array]:
    """(n, 6, 3, 3) B of faces, and (n, 6, 3) a corner at which h is attained on each (step 2)."""
    corners, edges, _ = faces.counts
    row = np.arange(len(places))[:, None]
    edge, ray = np.clip(places - corners, 0, edges - 1), np.maximum(places - corners - edges, 0)
    on_edge, on_ray = np.asarray(places >= corners), np.asarray(places >= corners + edges)
    of_edge, of_ray = faces.ends[row, edge, 0], faces.triangles[row, ray, 0]
    corner = np.where(on_ray, of_ray, np.where(on_edge, of_edge, np.minimum(places, corners - 1)))
    at, shrunk = faces.corners[row, corner], faces.shrunk[row, corner]
    first = np.where(on_ray[..., None], faces.rays[row, ray], faces.first[row, edge])
    second = np.where(on_ray[..., None], 0.0, faces.second[row, edge])
    flat = np.stack([first, second, np.zeros_like(first)], axis=-1)
    full = np.eye(3) - shrunk[..., None, None] * at[..., :, None] * at[..., None, :]
    return np.where(on_edge[..., None, None], flat, full), at


def _inside(basis: Array, corner: Array, neurons: Array) -> Array:
    """(n, 6, 3) the z of neurons w = B z: B'(I + v v') w."""
    moved = neurons + corner * (corner * neurons).sum(axis=-1, keepdims=True)
    return np.asarray((basis.swapaxes(-1, -2) @ moved[..., None])[..., 0])


def _newton(basis: Array, z: Array, demand: Array, ridge: Array) -> Array:
    """(n, 6, 3) minus Newton's step (step 3)."""
    problems = len(z)
    neurons = (basis @ z[..., None])[..., 0]
    inverse = inverses(neurons.transpose(0, 2, 1) @ neurons + ridge)
    multiplier = multipliers(inverse, demand)
    read, worth = neurons @ inverse, neurons @ multiplier
    seen, earned = read @ neurons.transpose(0, 2, 1), worth @ neurons.transpose(0, 2, 1)
    back = basis.swapaxes(-1, -2)
    slope = z - (back @ worth[..., None])[..., 0]
    # In z: read_j worth_i' and so on, for i, j in turn.
    read_in, worth_in = ((basis[:, :, None] * part[:, None, :, :, None]).sum(axis=-2) for part in (read, worth))
    bent = read_in[..., :, None] * worth_in.swapaxes(1, 2)[..., None, :]
    bent = bent + worth_in[..., :, None] * read_in.swapaxes(1, 2)[..., None, :]
    left = basis.transpose(0, 1, 3, 2).reshape(problems, 3 * NEURONS, 3)  # rows: the columns of each B
    of_inverse, of_multiplier = (
        (left @ form @ left.transpose(0, 2, 1)).reshape(problems, NEURONS, 3, NEURONS, 3).swapaxes(2, 3)
        for form in (inverse, multiplier)
    )
    bent = bent + earned[..., None, None] * of_inverse + seen[..., None, None] * of_multiplier
    for one in range(NEURONS):
        bent[:, one, one] += (1 + THREE_POLISH.singular) * np.eye(3) - of_multiplier[:, one, one]
    matrix = bent.swapaxes(2, 3).reshape(problems, 3 * NEURONS, 3 * NEURONS)
    return solved(matrix, slope.reshape(problems, 3 * NEURONS)).reshape(z.shape)
