"""Notebooks become pages while the site is built: each of `examples/*.py` is run, and shown with what it gave."""

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jupytext
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import MarkdownExporter
from traitlets.config import Config

FOLDER = "tutorials"
"""Of the site, where the pages are."""

SECONDS = 300
"""For a cell, at most."""

AT_ONCE = 2
"""Notebooks that run side by side."""

OWN_STYLE = re.compile(r'<style scoped>.*?</style>\s*| border="1" class="dataframe"| style="text-align: right;"', re.S)
"""What pandas says of the looks of its tables; the site has its own."""


def on_files(files: Files, config: Any) -> Files:
    """The site's files with a page for each notebook, its pictures and the notebook itself."""
    notebooks = sorted((Path(config.config_file_path).parent / "examples").glob("*.py"))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        pages = threads.map(lambda path: shown(path.stem, path.read_text()), notebooks)
        for path, (text, pictures) in zip(notebooks, pages, strict=True):
            added = {f"{path.stem}.md": text, path.name: path.read_text(), **pictures}
            for name, content in added.items():
                files.append(File.generated(config, f"{FOLDER}/{name}", content=content))
    return files


@cache
def shown(name: str, code: str) -> tuple[str, Mapping[str, bytes]]:
    """Markdown of a notebook that has been run, and its pictures by name. Only once for each state of it.

    Args:
        name: of the notebook.
        code: it, in the percent form of jupytext.
    """
    notebook = jupytext.reads(code, fmt="py:percent")
    with TemporaryDirectory() as folder:
        # Kernels are spoken to by sockets in a folder, which no one else hears, where there are such.
        private = {} if os.name == "nt" else {"transport": "ipc", "ip": str(Path(folder) / "kernel")}
        client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", config=Config(KernelManager=private))
        try:
            client.execute()
        except CellExecutionError as error:
            raise PluginError(f"examples/{name}.py: {error}") from error
    names = {"unique_key": name, "output_files_dir": "."}
    text, resources = MarkdownExporter().from_notebook_node(notebook, resources=names)
    title, _, rest = OWN_STYLE.sub("", text).strip().partition("\n")
    note = f"*This page is a notebook: [{name}.py]({name}.py){{ download }}, which Jupyter opens with jupytext.*"
    pictures = {Path(key).name: data for key, data in resources["outputs"].items()}
    rest = rest.replace("![png](./", f"![{title.lstrip('# ')}](")
    return f"{title}\n\n{note}\n{rest}\n", pictures
