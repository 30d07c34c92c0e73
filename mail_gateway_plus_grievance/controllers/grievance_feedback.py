from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

ANSWERS = ("satisfied", "unsatisfied")


class GrievanceFeedback(http.Controller):
    """Asks complainants whether they are satisfied.

    Programs that look for dangerous links open each link of a mail before its reader
    does. So opening the page says nothing: a button on it does.
    """

    @http.route(
        "/grievance/feedback/<int:ticket_id>/<string:token>",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        sitemap=False,
    )
    def feedback(self, ticket_id, token, answer="", **_others):
        ticket = request.env["grievance.ticket"]._of_feedback(ticket_id, token)
        if not ticket:
            raise NotFound
        is_told = request.httprequest.method == "POST" and answer in ANSWERS
        if is_told:
            ticket._take_feedback(answer)
        ticket = ticket.with_context(lang=ticket.lang)
        lang = request.env["res.lang"]._get_data(code=ticket.lang)
        response = request.env(context=dict(request.env.context, lang=ticket.lang))[
            "ir.qweb"
        ]._render(
            "mail_gateway_plus_grievance.feedback_page",
            {
                "number": ticket.number,
                "company": ticket.company_id.name,
                "language": (ticket.lang or "en").replace("_", "-"),
                "direction": lang.direction or "ltr",
                "chosen": answer if answer in ANSWERS else "",
                "is_told": is_told,
                "csrf_token": request.csrf_token(),
            },
        )
        return request.make_response(
            "<!DOCTYPE html>\n" + response,
            [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
                ("X-Robots-Tag", "noindex"),
            ],
        )
