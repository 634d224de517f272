"""Why a neuron fires: the best logical formula of labels for each neuron, with a proof, and what chance would reach."""

from solver.explanations.explain import explain
from solver.explanations.explanation import Explanations
from solver.explanations.findings import Explanation
from solver.explanations.formulas import Formula
from solver.explanations.pairs import LabelPair, LabelPairs

__all__ = ["Explanation", "Explanations", "Formula", "LabelPair", "LabelPairs", "explain"]
