"""Plays the units of a stalegate plan on Dask; what they come to is written into a store as it comes in, for `stalegate sweep merge`.

Workers need Dask, and `stalegate` of the build that made the plan on their PATH; no file system is shared.
"""
import argparse, json, subprocess, sys, tempfile, uuid
from pathlib import Path

import cloudpickle
from distributed import Client, as_completed, get_worker

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # Workers need not have this file.


def play(plan, units):
    """On a worker, into a store of its own: its exit code, what it said, its segments. 64 and 65 are beyond retries."""
    with tempfile.TemporaryDirectory() as store:
        path = Path(get_worker().local_directory, plan)
        command = ["stalegate", "sweep", "run", path, "--units", "-", "--store", store, "--jobs", "1"]
        ran = subprocess.run(command, input="\n".join(units), capture_output=True, text=True)
        if ran.returncode not in (0, 64, 65):
            raise RuntimeError(f"stalegate ended with {ran.returncode}: {ran.stderr.strip()}")
        return ran.returncode, ran.stderr, [(one.parent.name, one.read_bytes()) for one in Path(store).glob("*/*.seg")]


def keep(store, plan, segment):
    """A segment in its place, or not at all."""
    path = Path(store, plan, f"dask-{uuid.uuid4().hex}.seg")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".part").write_bytes(segment)
    path.with_suffix(".part").rename(path)


def patient(dask_scheduler):
    """A unit is not to blame for the workers that die under it, however many."""
    dask_scheduler.allowed_failures = 1_000_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scheduler", help="such as tcp://127.0.0.1:8786")
    parser.add_argument("plan", type=Path, help="what `stalegate sweep plan` wrote")
    parser.add_argument("--store", required=True, help="the folder that results of units go to, on this machine")
    parser.add_argument("--chunk", type=int, default=8, help="units of a task (default 8: at most about 16 s)")
    asked = parser.parse_args()
    status = ["stalegate", "sweep", "status", asked.plan, "--store", asked.store, "--missing=ids"]
    try:
        counted = subprocess.run(status, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        sys.exit("error: there is no `stalegate` on the PATH; workers need it, too, and so does this machine")
    if counted.returncode not in (0, 1):
        sys.exit(counted.returncode)
    plan = json.loads(asked.plan.read_text())
    cost = {unit["id"]: unit["cost"] for unit in plan["units"]}
    units = sorted(counted.stdout.split(), key=cost.__getitem__, reverse=True)
    chunks = [units[at : at + max(asked.chunk, 1)] for at in range(0, len(units), max(asked.chunk, 1))]
    worst = 0
    with Client(asked.scheduler) as client, tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, f"stalegate-{plan['seal'][:16]}.json")
        copy.write_bytes(asked.plan.read_bytes())
        client.upload_file(str(copy), load=False)
        client.run_on_scheduler(patient)
        tasks = [client.submit(play, copy.name, chunk, retries=3, pure=False) for chunk in chunks]
        for task in as_completed(tasks):
            code, said, segments = task.result() if task.status == "finished" else (75, f"{task.exception()}\n", [])
            for of, segment in segments:
                keep(asked.store, of, segment)
            task.release()
            if code:
                print(said, end="", file=sys.stderr)
            if code == 64:
                sys.exit(64)
            worst = code if worst != 65 and code else worst
    sys.exit(worst)


if __name__ == "__main__":
    main()
