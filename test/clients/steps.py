import contextlib


@contextlib.contextmanager
def step(name):
    """What a step of the battery prints, and how it failed, in words that do not depend on the run."""
    print("--", name)
    try:
        yield
    except Exception as error:  # every driver has its own
        code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        print(type(error).__name__, code, " ".join(str(error).split())[:300])
