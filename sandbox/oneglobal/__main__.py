"""`python -m sandbox.oneglobal --port N --books FILE.sqlite3`."""

from sandbox.kit.serve import main
from sandbox.oneglobal.vendor import OneGlobal

if __name__ == "__main__":
    main("oneglobal", OneGlobal, 8017)
