"""python -m sandbox.vies --port 8018 --books FILE.sqlite3"""

from sandbox.kit.serve import main
from sandbox.vies.vendor import Vies

if __name__ == "__main__":
    main("vies", Vies, 8018)
