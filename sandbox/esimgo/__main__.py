"""`python -m sandbox.esimgo --port N --books FILE.sqlite3`."""

from sandbox.esimgo.vendor import ESimGo
from sandbox.kit.serve import main

DEFAULT_PORT = 8011

if __name__ == "__main__":
    main("esimgo", ESimGo, DEFAULT_PORT)
