"""A command takes memory from the system once, and gives it back when it is told to."""

import platform
import resource
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from groundwork.core.patches import settle_command
if "settled" in sys.argv:
    settle_command()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
b"x" * (1 << 26)
before = faults()
for _ in range(10):
    b"x" * (1 << 26)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library is left as it is")
def test_a_command_takes_the_memory_of_a_batch_from_the_system_once(monkeypatch: pytest.MonkeyPatch):
    def faults(*words: str) -> int:
        return int(subprocess.check_output([sys.executable, "-c", FAULTS, *words], text=True))

    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    pages = 10 * (1 << 26) // resource.getpagesize()
    assert faults("settled") < 0.05 * pages
    assert faults() > 0.95 * pages
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")  # somebody chose
    assert faults("settled") > 0.95 * pages


RESIDENT = """
from pathlib import Path
from groundwork.core.malloc import return_memory
from groundwork.core.patches import settle_command
settle_command()
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])
before = resident()
b"x" * (1 << 27)
kept = resident() - before
return_memory()
print(kept, resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library is left as it is")
def test_idle_memory_is_given_back_when_it_is_asked_for():
    said = subprocess.check_output([sys.executable, "-c", RESIDENT], text=True)
    kept, left = (int(pages) * resource.getpagesize() / (1 << 27) for pages in said.split())
    assert kept > 0.95
    assert left < 0.05
