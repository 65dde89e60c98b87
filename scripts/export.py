"""Export: `export.py run=DIR|latest format=onnx|torch|safetensors [output=DIR]`, checked on the run's own files."""

from groundwork.run.door import enter
from groundwork.run.launch import export

if __name__ == "__main__":
    raise SystemExit(enter(export))
