"""python -m sandbox.stripe --port 8015 --books FILE.sqlite3"""

from sandbox.kit.serve import main
from sandbox.stripe.vendor import Stripe

if __name__ == "__main__":
    main("stripe", Stripe, 8015)
