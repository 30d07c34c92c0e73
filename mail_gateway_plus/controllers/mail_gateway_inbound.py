import zipfile
from tempfile import SpooledTemporaryFile

from werkzeug.exceptions import NotFound, RequestEntityTooLarge
from werkzeug.wsgi import wrap_file

from odoo import http
from odoo.exceptions import UserError
from odoo.http import content_disposition, request

from ..core.parsing.file_name import file_name

# Up to here an archive is made in memory, above on disk.
MEMORY_BYTES = 8 * 1024 * 1024
# A stranger's bytes: never shown, guessed at or kept by the browser.
DOWNLOAD_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ("Cache-Control", "private, no-store"),
]


class MailGatewayInboundController(http.Controller):
    """Hands inbound messages out as files, to those who may see them."""

    @http.route(
        "/mail_gateway/inbound/<int:inbound_id>/message.eml",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def download_message(self, inbound_id):
        row = _visible([inbound_id])
        headers = [
            ("Content-Type", "message/rfc822"),
            ("Content-Disposition", content_disposition(_name(row))),
        ]
        return request.make_response(_content(row), headers + DOWNLOAD_HEADERS)

    @http.route(
        "/mail_gateway/inbound/messages.zip",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def download_archive(self, ids=""):
        rows = _visible([int(part) for part in ids.split(",") if part.isdecimal()])
        try:
            rows._check_downloadable()
        except UserError as error:
            raise RequestEntityTooLarge(str(error)) from error
        archive = SpooledTemporaryFile(max_size=MEMORY_BYTES)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for row in rows:
                zipped.writestr(f"{row.id} {_name(row)}", _content(row))
        length = archive.tell()
        archive.seek(0)
        headers = [
            ("Content-Type", "application/zip"),
            ("Content-Length", str(length)),
            ("Content-Disposition", content_disposition("messages.zip")),
        ]
        return http.Response(
            wrap_file(request.httprequest.environ, archive),
            headers=headers + DOWNLOAD_HEADERS,
            direct_passthrough=True,
        )


def _visible(ids):
    """Return those messages that the user may see and whose content is kept."""
    # Searching obeys the rules; who is no operator may not even search.
    journal = request.env["mail.gateway.inbound"]
    if not journal.has_access("read"):
        raise NotFound
    rows = journal.search([("id", "in", ids), ("has_raw", "=", True)])
    if not rows:
        raise NotFound
    return rows


def _content(row):
    # sudo: the bytes are out of everybody's reach; who sees the row may have them
    return row.env["mail.gateway.raw"].sudo()._read(row.id)


def _name(row):
    return file_name(row.subject, ".eml")
