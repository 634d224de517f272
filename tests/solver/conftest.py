"""What tests of the library share."""

import pytest


@pytest.fixture
def write(tmp_path):
    """A function that writes a file, as text or bytes, and gives its path."""

    def written(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written
