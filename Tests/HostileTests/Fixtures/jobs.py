"""Runs commands, several at once, and says how each ended: jobs.py WORKERS < jobs > results, both JSON.

A job is {"arguments": [...], "seconds": limit}. The results, in the same order, have the exit status (minus the signal's number where one
ended it), whether the time ran out, the seconds, the largest resident memory of the command in KiB, and what it wrote, as text. The memory is looked up
while the command runs, since what is said of it at its end has that of the processes that it waited for, which have a limit of their own.
"""
import concurrent.futures
import json
import os
import signal
import sys
import tempfile
import threading
import time


def largest_memory(pid):
    """The most that a process has had so far, in KiB; 0 once it is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def run(job):
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, open(os.devnull) as nothing:
        begin = time.monotonic()
        arguments = job["arguments"]
        files = [(os.POSIX_SPAWN_DUP2, file.fileno(), number) for number, file in enumerate((nothing, output, errors))]
        pid = os.posix_spawn(arguments[0], arguments, dict(os.environ, COLUMNS="80"), file_actions=files, setpgroup=0)
        lock, state = threading.Lock(), {"done": False, "late": False}

        def end():
            with lock:
                # Under the lock, so that the number cannot have been given to another process.
                if not state["done"]:
                    state["late"] = True
                    os.killpg(pid, signal.SIGKILL)

        timer = threading.Timer(job["seconds"], end)
        timer.start()
        largest = 0
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            largest = max(largest, largest_memory(pid))
            time.sleep(0.005)
        with lock:
            state["done"] = True
        _, status = os.waitpid(pid, 0)
        seconds = time.monotonic() - begin
        timer.cancel()

        def text(file):
            file.seek(0)
            return file.read(1 << 20).decode("utf-8", "replace")

        return {"status": os.waitstatus_to_exitcode(status), "isLate": state["late"], "seconds": seconds, "kibibytes": largest,
                "output": text(output), "errors": text(errors)}


with concurrent.futures.ThreadPoolExecutor(int(sys.argv[1])) as pool:
    json.dump(list(pool.map(run, json.load(sys.stdin))), sys.stdout)
