"""Export: `export.py run=DIR|latest format=onnx|torch|safetensors [output=DIR]`, checked on the run's own files."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import export

if __name__ == "__main__":
    raise SystemExit(enter(export))
