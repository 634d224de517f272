"""Networks are trained on request alone (`pytest -m networks`): otherwise their tests are not even read, as jax takes
seconds to load."""


def pytest_ignore_collect(config):
    return True if "not networks" in config.option.markexpr else None
