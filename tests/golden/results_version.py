"""Results that change get a new version: results_version.py check|update

Finished runs are kept and found again under keys that hold results_version() of sim/run_folder.cpp. If the golden
files have changed since that version, runs kept by older programs would be taken for new ones: raise the version,
then `update`.
"""

import hashlib
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
RECORD = FOLDER / "results_version.txt"


def main():
    if sys.argv[1:] not in (["check"], ["update"]):
        sys.exit(__doc__)
    source = (FOLDER.parents[1] / "sim" / "run_folder.cpp").read_text()
    version = re.search(r'results_version\(\) \{\s*return "([^"]+)";', source)[1]
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*/*")):
        if path.suffix in (".json", ".csv"):
            digest.update(path.read_bytes())
    now = f"{version} {digest.hexdigest()}\n"
    before = RECORD.read_text() if RECORD.exists() else ""
    if sys.argv[1] == "update":
        if before.partition(" ")[0] == version and before != now:
            sys.exit(f"raise results_version() in sim/run_folder.cpp first: it is still {version}")
        RECORD.write_text(now)
    elif before != now:
        sys.exit("golden files changed: raise results_version() in sim/run_folder.cpp, then results_version.py update")


main()
