#!/usr/bin/env python3
"""Checks the evidence in this folder with Python's standard library alone: python3 verify.py"""

import hashlib
import json
import sys
from pathlib import Path


def main(folder: Path) -> int:
    """0 where every link holds, 1 at the first one that does not."""
    checkpoint = json.loads((folder / "checkpoint.json").read_text(encoding="utf-8"))
    last, seq, first = "", 0, 0
    for number, line in enumerate((folder / "entries.jsonl").read_bytes().split(b"\n")[:-1], start=1):
        entry = json.loads(line)
        if not first:
            first, seq, last = entry["seq"], entry["seq"] - 1, entry["prev"]
        canonical = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        if entry["seq"] != seq + 1 or entry["prev"] != last or canonical != line:
            print(f"broken: line {number} (entry {entry['seq']}) does not follow on entry {seq}")
            return 1
        last, seq = hashlib.sha256(line).hexdigest(), entry["seq"]
    if (checkpoint["seq"], checkpoint["hash"]) != (seq, last):
        print(
            f"broken: the checkpoint swears to entry {checkpoint['seq']} with another hash, or to another end"
        )
        return 1
    print(f"whole: entries {first} to {seq}")
    print(f"the hash of the last one is {last}, as checkpoint.json says")
    print("who signed that is shown by: openssl pkeyutl -verify -pubin -inkey key.pem -rawin \\")
    print("  -in checkpoint.txt -sigfile checkpoint.sig")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
