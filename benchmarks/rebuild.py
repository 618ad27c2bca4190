"""Rebuild every table of the README: python benchmarks/rebuild.py (about 15 minutes on 2 cores, and 2 GB of disk).

Makes the rivals' environments, measures, and prints the tables from results/*.jsonl. To print them again without
measuring: python benchmarks/tables.py. Speed of single steps: python -m pytest benchmarks/test_speed.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
STEPS = ("rivals/environments.py", "febrl4.py", "overlap.py", "quality.py", "rival_speed.py", "people_check.py")


def main() -> None:
    failed = []
    for step in (*STEPS, "tables.py"):
        print(f"== {step}", flush=True)
        # a rival that can't be installed (anonlink needs Python 3.11) is left out of the tables, not the others
        if subprocess.run([sys.executable, HERE / step], check=False).returncode:
            failed.append(step)
    if failed:
        sys.exit(f"not all of it worked: {', '.join(failed)}")


if __name__ == "__main__":
    main()
