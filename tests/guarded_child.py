"""A child that misbehaves as it is told: `python -m tests.guarded_child DEED OUT`; its limits are small."""

import json
import resource
import sys
import time
from pathlib import Path

from webapp.core.guarded import MIB, Guard, limit_this_process

GUARD = Guard(memory=256 * MIB, cpu_s=1, written=MIB, wall_s=20)
DEEDS = {
    "report": lambda: None,
    "memory": lambda: bytearray(512 * MIB),
    "spin": lambda: sum(0 for _ in iter(int, 1)),
    "sleep": lambda: time.sleep(600),
}

if __name__ == "__main__":
    limit_this_process(GUARD)
    limits = {
        name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in ("AS", "CPU", "FSIZE")
    }
    Path(sys.argv[2]).write_text(json.dumps(limits))
    DEEDS[sys.argv[1]]()
