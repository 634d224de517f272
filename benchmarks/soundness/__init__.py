"""Can the program be trusted on problems that no one chose? Exit code 1 if one answer is wrong.

    python -m benchmarks.soundness [--problems N] [--seed S] [--time-limit SECONDS] [--sources 1-6] [--folder PATH]
                                   [--activation linear|rectified|free|energy|in-time|all] [--workers N] [--quick]
    python -m benchmarks.soundness --report [--folder PATH]
    python -m benchmarks.soundness --only INDEX [--seed S] [--activation ...]

Problems of one to six sources are drawn from families that differ in every way the author could think of (`draws`),
with costs, readouts and groups (`settings`), solved in processes that are watched (`crew`), and judged by a checker
that shares no code with the certificate (`judgement`): it searches in floating point (`neurons`, `codes`) and accuses
in rational arithmetic (`rational`). A quarter of the problems of linear neurons are solved again with columns that the
others tell (`dependent`). Whether file, certificate, words and verdict agree with the answer is asked too
(`consistency`). A tenth of the linear ones have another energy (`energies`). A fifth of the problems are of rectified
and free neurons (`activations`), of few samples: their network and its loss are computed in rational arithmetic too
(`nonlinear`, on `nonlinear_setting`), the neurons that refute a bound are looked for in the cells of the samples'
hyperplanes (`cells`), and cheaper codes by descent (`nonlinear_codes`). A few are tasks in time (`tasks`), whose
networks are run in rational arithmetic (`in_time`), and held against other networks that do the task (`networks`). What
came of each is written down at once (`ledger`), so that a run goes on where it was stopped, and told at the end
(`report`), with the worst cases as files with the command that solves them (`cases`).
"""
