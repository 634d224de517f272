from . import examples as examples
from .ambiguity import Ambiguity as Ambiguity
from .auditing.audit import Audit as Audit
from .auditing.audit import audit as audit
from .auditing.missed_source import MissedSource as MissedSource
from .auditing.missed_source import missed_source as missed_source
from .batches.answers import Answers as Answers
from .batches.solve_many import solve_many as solve_many
from .certificate import Bound as Bound
from .certificate import Certificate as Certificate
from .certificate import certify as certify
from .certificate import lower_bound as lower_bound
from .comparison import Comparison as Comparison
from .explanations.explain import explain as explain
from .explanations.explanation import Explanations as Explanations
from .explanations.findings import Explanation as Explanation
from .in_time.answer import Checked as Checked
from .in_time.answer import InTime as InTime
from .in_time.answer import certify_in_time as certify_in_time
from .in_time.network import LinearNetwork as LinearNetwork
from .in_time.solve import solve_in_time as solve_in_time
from .problem import Exact as Exact
from .problem import InputError as InputError
from .problem import Noisy as Noisy
from .problem import Problem as Problem
from .problem import Soft as Soft
from .problem import Sources as Sources
from .problem import Transitions as Transitions
from .problem import Trials as Trials
from .questions.bootstrap import bootstrap as bootstrap
from .questions.bootstrap_result import Bootstrap as Bootstrap
from .questions.neuron_budget import Budget as Budget
from .questions.neuron_budget import budget as budget
from .questions.price_curve import PriceCurve as PriceCurve
from .questions.price_curve import price_curve as price_curve
from .questions.separation import separation as separation
from .questions.tuning import UniqueTuning as UniqueTuning
from .questions.tuning import unique_tuning as unique_tuning
from .reading.prepared import PreparedTable as PreparedTable
from .reading.prepared import prepare_table as prepare_table
from .representation import Representation as Representation
from .solving.limits import Progress as Progress
from .solving.solve import solve as solve
from .sweeps.plan import Sweep as Sweep
from .sweeps.run import sweep as sweep
from .verdict import Proof as Proof
from .verdict import Verdict as Verdict
from .verdict import check_proof as check_proof
from .verdict import modularity as modularity
from .verification.verify import Report as Report
from .verification.verify import verify as verify

__version__: str

__all__ = [
    "Ambiguity",
    "Answers",
    "Audit",
    "Bootstrap",
    "Bound",
    "Budget",
    "Certificate",
    "Checked",
    "Comparison",
    "Exact",
    "Explanation",
    "Explanations",
    "InTime",
    "InputError",
    "LinearNetwork",
    "MissedSource",
    "Noisy",
    "PreparedTable",
    "PriceCurve",
    "Problem",
    "Progress",
    "Proof",
    "Report",
    "Representation",
    "Soft",
    "Sources",
    "Sweep",
    "Transitions",
    "Trials",
    "UniqueTuning",
    "Verdict",
    "audit",
    "bootstrap",
    "budget",
    "certify",
    "certify_in_time",
    "check_proof",
    "examples",
    "explain",
    "lower_bound",
    "missed_source",
    "modularity",
    "prepare_table",
    "price_curve",
    "separation",
    "solve",
    "solve_in_time",
    "solve_many",
    "sweep",
    "unique_tuning",
    "verify",
]
