"""Work that misbehaves, for workers to be given: in a module of its own, since workers import it."""

import os
import time

import numpy as np

from benchmarks.soundness.judgement import Claim, Judgement
from benchmarks.soundness.work import Solved

ANSWER = Claim("optimal", "none", "", 1.0, 1.0, 0.0, *(np.ones((1, 1)),) * 6)

DIES, HANGS, RAISES, CHECKER_RAISES, CHECKER_DIES = 1, 2, 3, 4, 5


def start():
    return os.getpid()


def solve(seed, index, time_limit):
    if index == DIES:
        os._exit(1)
    if index == HANGS:
        time.sleep(600)
    if index == RAISES:
        return Solved(None, 0.5, "ValueError: no answer")
    return Solved(ANSWER, 0.25)


def judge(problem, claim):
    _, index = problem
    if index == CHECKER_DIES:
        os._exit(1)
    if index == CHECKER_RAISES:
        return None, 0.0, "ValueError: no verdict"
    return Judgement(gap=0.0), 0.125, ""
