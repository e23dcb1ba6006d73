"""`python -m sandbox.esimaccess --port N --books FILE.sqlite3`."""

from sandbox.esimaccess.vendor import EsimAccess
from sandbox.kit.serve import main

if __name__ == "__main__":
    main("esimaccess", EsimAccess, 8012)
