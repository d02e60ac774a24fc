# SPDX-License-Identifier: Apache-2.0
"""slang.py ARGUMENTS: the slang linter (the PyPI package pyslang has the driver, but no program)."""
import shlex
import sys

from pyslang import driver


def main() -> int:
    slang = driver.Driver()
    slang.addStandardArgs()
    if not slang.parseCommandLine(shlex.join(["slang", *sys.argv[1:]])) or not slang.processOptions():
        return 2
    if not slang.parseAllSources():
        return 1
    compilation = slang.createCompilation()
    slang.reportCompilation(compilation, True)
    slang.runAnalysis(compilation)
    return 0 if slang.reportDiagnostics(True) else 1


sys.exit(main())
