"""what a run knows -> files of its folder, whole, locked and without secrets; and back, checked."""

from groundwork.run.folder.folder import RunFolder, plain, run_id, safe_name, write_text

__all__ = ["RunFolder", "plain", "run_id", "safe_name", "write_text"]
