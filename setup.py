"""What pyproject.toml cannot say: on a package index the README stands alone, away from the files that it links to."""

import re
from pathlib import Path

from setuptools import setup


def readme_alone(text: str, home: str | None = None) -> str:
    """The README with absolute links, or where the repository has no public home, without pictures and as plain text.

    Args:
        text: the README.
        home: address of the repository, without a slash at its end.
    """
    if home is not None:
        return re.sub(r"\]\((?!https?://|#)([^)]+)\)", rf"]({home}/raw/HEAD/\1)", text)
    # A picture goes with the caption below it.
    text = re.sub(r"^!\[[^]]*\]\((?!https?://)[^)]+\)\n\n\*.*?\*\n\n", "", text, flags=re.M | re.S)
    return re.sub(r"\[([^]]+)\]\((?!https?://|#)([^)]+)\)", r"\1 (\2)", text)


if __name__ == "__main__":
    readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    setup(long_description=readme_alone(readme), long_description_content_type="text/markdown")
