"""python -m sandbox.slack --port 8014 --books FILE.sqlite3"""

from sandbox.kit.serve import main
from sandbox.slack.vendor import Slack

if __name__ == "__main__":
    main("slack", Slack, 8014)
