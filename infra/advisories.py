"""Ask for known vulnerabilities of locked requirements; say loudly what could not be looked up.

It fails for a vulnerability, and for nothing else: a machine without the internet still checks everything else.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

# Of all requests together. A source that does not answer keeps nobody.
MOST_SECONDS = 60
REQUEST_SECONDS = 5


def main(lists: list[str]) -> int:
    """Audit these lists of requirements; return 1 where one of them has a known vulnerability."""
    audit = [str(Path(sys.executable).parent / "pip-audit"), "--disable-pip", "--require-hashes", "--format", "json"]
    audit += ["--timeout", str(REQUEST_SECONDS), "--progress-spinner", "off"]
    for name in lists:
        audit += ["--requirement", name]
    try:
        answer = subprocess.run(audit, capture_output=True, text=True, timeout=MOST_SECONDS, check=False).stdout
    except (subprocess.TimeoutExpired, OSError):
        answer = ""
    return report(answer)


def report(answer: str) -> int:
    """Print what pip-audit found, as JSON; return 1 where it names a vulnerability.

    A package that it skips was not looked up, although it then says that nothing is known.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        packages = []
    for package in packages:
        for found in package.get("vulns", []):
            fixed = ", ".join(found.get("fix_versions", [])) or "no version"
            _say(f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}")
    skipped = sum("skip_reason" in package for package in packages)
    checked = len(packages) - skipped
    if not checked:
        _say("*** NOT CHECKED for known vulnerabilities: no source of advisories was reached. ***")
    elif skipped:
        _say(f"*** {skipped} of {len(packages)} packages were NOT CHECKED for known vulnerabilities. ***")
    else:
        _say(f"{checked} packages were checked for known vulnerabilities.")
    return int(any(package.get("vulns") for package in packages))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
