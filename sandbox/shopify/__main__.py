"""python -m sandbox.shopify --port 8013 --books FILE.sqlite3"""

from sandbox.kit.serve import main
from sandbox.shopify.vendor import Shopify

if __name__ == "__main__":
    main("shopify", Shopify, 8013)
