"""Whether anything installed has a known vulnerability: `pip-audit`, its answer read closely.

``python .ci/audit.py PIP_AUDIT SITE_PACKAGES ...`` ends with 1 if a package of these folders has an advisory that
`.ci/advisories.toml` does not answer. Without network, or where the service of advisories does not know the packages
(a mirror has none), it says in capitals what was not audited and ends with 0: a build is not to fail for that, and
nobody is to take it for a pass.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tomllib
from pathlib import Path

SERVICES = ("pypi", "osv")
SECONDS = 10  # to wait for an answer


def answered(path: Path, today: datetime.date) -> dict[str, str]:
    """Advisory, or package with its version, -> why it does no harm here, of those whose time has not run out."""
    given = tomllib.loads(path.read_text(encoding="utf-8")).get("answered", [])
    return {each["what"]: each["reason"] for each in given if each["reason"].strip() and each["until"] >= today}


def read(said: str, known: dict[str, str]) -> tuple[list[str], list[str], int]:
    """Of pip-audit's JSON: what is wrong, what could not be audited, and how many packages could."""
    wrong, missed, audited = [], [], 0
    for package in json.loads(said)["dependencies"]:
        name = f"{package['name']} {package.get('version', '')}".strip()
        if "skip_reason" in package:
            missed.append(name)
            continue
        audited += 1
        for found in package["vulns"]:
            if not {name, found["id"], *found.get("aliases", [])} & set(known):
                fixed = ", ".join(found.get("fix_versions", [])) or "no release yet"
                wrong.append(f"{name}: {found['id']}, fixed in {fixed}")
    return wrong, missed, audited


def asked(pip_audit: str, folders: list[str], service: str) -> tuple[str, str]:
    """pip-audit's JSON, empty if there was no answer, and what else it said."""
    paths = [word for folder in folders for word in ("--path", folder)]
    done = subprocess.run(
        [pip_audit, "-s", service, "-f", "json", "--progress-spinner", "off", "--timeout", str(SECONDS), *paths],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (done.stdout if done.stdout.lstrip().startswith("{") else ""), done.stderr.strip()


def main(pip_audit: str, *folders: str) -> int:
    """The exit code."""
    known = answered(Path(__file__).with_name("advisories.toml"), datetime.date.today())
    why = []
    for service in SERVICES:
        said, stderr = asked(pip_audit, list(folders), service)
        wrong, missed, audited = read(said, known) if said else ([], [], 0)
        if wrong:
            print("KNOWN VULNERABILITIES\n" + "\n".join(wrong))
            return 1
        if audited:
            print(f"{audited} packages audited ({service}): no known vulnerability that is not answered")
            if missed:
                print(f"NOT AUDITED, unknown there: {', '.join(missed)}")
            return 0
        last = stderr.splitlines()[-1] if stderr else "no answer"
        why.append(f"{service}: " + (f"knows none of {len(missed)} packages" if missed else last))
    print(f"NOTHING AUDITED: no service of advisories answered. {'; '.join(why)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
