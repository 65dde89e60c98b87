"""The site: README, the pages that it links, and the notebooks with what they print. No text of its own.

uvx --with furo --with myst-nb --from sphinx sphinx-build --fail-on-warning -c .github/site . site
"""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
extensions = ["myst_nb"]
root_doc = "README"
include_patterns = [
    *("README.md", "CHANGELOG.md", "GLOSSARY.md", "METHOD.md", "SECURITY.md", ".github/CONTRIBUTING.md"),
    *("conf/**.md", "src/README.md", "scripts/benchmarks/README.md", "tests/robustness/*.md"),
    *("notebooks/README.md", "notebooks/**.ipynb"),
]
html_theme = "furo"
html_title = project
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the workflow executes them where the project is installed
suppress_warnings = ["toc.not_included"]  # the solutions, which the notebooks link

CONTENTS = """

```{toctree}
:hidden:
notebooks/README
notebooks/1_practical
notebooks/2_regression
notebooks/3_classification
notebooks/4_transfer
conf/README
conf/cluster/README
METHOD
GLOSSARY
src/README
scripts/benchmarks/README
CHANGELOG
```
"""


def _add_contents(_: Any, page: str, source: list[str]) -> None:
    if page == root_doc:
        source[0] += CONTENTS  # GitHub would show it as code, so the page itself has none


def setup(app: Any) -> None:
    """Give the front page what the menu at the side is made of."""
    app.connect("source-read", _add_contents)
