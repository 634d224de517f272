"""Children that are born grown up: a process that has imported everything forks one for each command to be run.

They are processes of their own, with their own signals, pipes and exit codes; only the second that Python takes to
import what a command needs is spent once. `python nursery.py NUMBER` is that process, asked through the socket of that
number; `Nursery` does the asking.
"""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

LONGEST = 1 << 16
"""Bytes of a request at most."""


class Child:
    """A command that runs, with what `subprocess.Popen` would have of it."""

    def __init__(self, pid, line, stdout, stderr):
        self.pid, self.line = pid, line
        self.stdout, self.stderr = stdout, stderr

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self):
        return os.waitstatus_to_exitcode(json.loads(self.line.recv(LONGEST)))

    def ended(self):
        """Exit code, what was printed, and what was said of errors: a few lines, which no pipe is too short for."""
        words, errors = "" if self.stdout.closed else self.stdout.read(), self.stderr.read()
        self.stdout.close()
        self.stderr.close()
        return self.wait(), words, errors


class Nursery:
    """Asks for one child after the other: each must have ended before the next is asked for."""

    def __enter__(self):
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        with theirs:
            number = theirs.fileno()
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(number)], cwd=ROOT, env=environment, pass_fds=[number]
            )
        return self

    def __exit__(self, *_):
        self.line.close()
        self.process.wait()

    def child(self, arguments, code, cwd=ROOT, stdout=None):
        """Run a program with these arguments in a folder; what it prints goes to a file if one is given."""
        (printed, output), (said, errors) = os.pipe(), os.pipe()
        request = json.dumps([code, [str(word) for word in arguments], str(cwd)]).encode()
        socket.send_fds(self.line, [request], [output if stdout is None else stdout.fileno(), errors])
        os.close(output)
        os.close(errors)
        return Child(int(self.line.recv(LONGEST)), self.line, open(printed), open(said))


def grow_up():
    """Import what the commands need, and have done once what is done but once."""
    import rich.progress

    import theory.families
    from solver import Problem, solve

    # Few draw, or verify: these import it themselves.
    _ = rich.progress, theory.families, solve(Problem([[0, 0], [0, 1], [1, 0]]))
    # What is born with a child is not for it to clear away at its end.
    gc.freeze()


def serve(line):
    """Fork for each request and report the child's number and, at its end, its status; in the child: what was asked."""
    while True:
        request, descriptors, *_ = socket.recv_fds(line, LONGEST, 2)
        if not request:
            return None
        pid = os.fork()
        if not pid:
            line.close()
            for number, descriptor in enumerate(descriptors, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
            return json.loads(request)
        for descriptor in descriptors:
            os.close(descriptor)
        line.send(b"%d" % pid)
        line.send(b"%d" % os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    grow_up()
    asked = serve(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        code, sys.argv[1:], folder = asked
        os.chdir(folder)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        exec(code, {"__name__": "__main__"})
