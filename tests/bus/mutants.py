# SPDX-License-Identifier: Apache-2.0
"""mutants.py BUILD axi|wishbone [MUTANT]...: each seeded defect of a bus adapter has to fail the test its patch names."""
import pathlib
import sys

from run import BUS, ROOT, SUITES, Failure, chosen_seed, run, tool


def field(patch, name):
    """What the patch's line `name: ...` says."""
    line = next(line for line in patch.read_text(encoding="utf-8").splitlines() if line.startswith(name + ": "))
    return line.removeprefix(name + ": ")


def main():
    patches = {p.stem: p for p in sorted((BUS / "mutants").glob("*.patch"))}
    suite = sys.argv[2] if len(sys.argv) > 2 else ""
    if suite not in SUITES or not set(sys.argv[3:]) <= set(patches):
        print(f"mutants.py: found {' '.join(sys.argv[1:])}, expected BUILD {'|'.join(SUITES)} [MUTANT]...",
              file=sys.stderr)
        sys.exit(2)
    where = pathlib.Path(sys.argv[1]).resolve() / "bus/mutants"
    seed = chosen_seed("scripts/bus-test --mutants")
    caught = missed = 0
    for name in sys.argv[3:] or [n for n in patches if n.startswith(suite)]:
        work = where / name
        work.mkdir(parents=True, exist_ok=True)
        log = work / "patch.txt"
        try:
            tool([str(ROOT / "scripts/mutant-build"), str(patches[name]), str(work / "hardware")], log)
            tests = run(SUITES[suite][field(patches[name], "simulation")], work, seed, work / "hardware",
                        field(patches[name], "test"))
        except Failure as failure:
            print(f"{name:30} {failure}, see {work}")
            missed += 1
            continue
        if tests and not any(ok for _, ok in tests):
            caught += 1
        else:
            print(f"{name:30} passed {field(patches[name], 'test')}; it must not")
            missed += 1
    print(f"{caught} passed, {missed} failed")
    sys.exit(1 if missed else 0)


main()
