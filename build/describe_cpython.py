"""Write what is known about a CPython entry of the cache as JSON.

Run by recipes/cpython with the interpreter that was just built; ``version
--build`` shows the result. The facts that only the recipe knows arrive in
environment variables.
"""

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path


def main() -> None:
    """Print the description of the running interpreter."""
    profile = os.environ["PROFILE"]
    variables = {
        name: value
        for name, value in sorted(sysconfig.get_config_vars().items())
        if name not in {"userbase"} and "/cache/" not in str(value)
    }
    compiler = subprocess.run(
        [os.environ["COMPILER"], "--version"], check=True, capture_output=True, text=True
    ).stdout.splitlines()[0]
    description = {
        "version": sys.version.split()[0],
        "flavour": os.environ["FLAVOUR"],
        "source": json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")),
        "compiler": compiler,
        "cflags": os.environ["CFLAGS_USED"],
        "configure_arguments": os.environ["CONFIGURE_ARGUMENTS"],
        "pgo": bool(profile),
        "lto": os.environ["FLAVOUR"] == "release",
        "profile": (
            {
                "sha256": hashlib.sha256(Path(profile).read_bytes()).hexdigest(),
                "functions_without": int(os.environ["PROFILE_DROPPED"]),
            }
            if profile
            else None
        ),
        "builtin_modules": sorted(sys.builtin_module_names),
        "sysconfig": variables,
    }
    # A profile that somebody else made may come without.
    facts = Path("training.json")
    if profile and facts.exists():
        description["training"] = json.loads(facts.read_text(encoding="utf-8"))
    print(json.dumps(description, indent=1))


if __name__ == "__main__":
    main()
