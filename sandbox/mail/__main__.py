"""python -m sandbox.mail --port 8026 --smtp-port 8025 --books FILE.sqlite3"""

from sandbox.kit.books import Books
from sandbox.kit.desk import Desk
from sandbox.kit.serve import apply_settings, build_app, parser, serve
from sandbox.mail.mailbox import Mailbox
from sandbox.mail.smtp import smtp_server
from sandbox.mail.vendor import Mail


def main() -> None:
    """HTTP and SMTP in one process."""
    arguments = parser("mail", 8026)
    arguments.add_argument("--smtp-port", type=int, default=8025)
    options = arguments.parse_args()
    desk = Desk(Books(options.books, Mail.schema), Mail)
    apply_settings(desk, options.set)
    companion = smtp_server(desk, Mailbox(desk.books, desk.clock), options.host, options.smtp_port)
    serve(build_app(desk, companion), options.host, options.port)


if __name__ == "__main__":
    main()
