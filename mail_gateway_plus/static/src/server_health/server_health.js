import {Component, onWillStart, onWillUpdateProps, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {MailOutage} from "../mail_outage/mail_outage";
import {kanbanView} from "@web/views/kanban/kanban_view";

/** Returns seconds as people say them. */
function told(seconds) {
    if (seconds < 120) {
        return _t("%s s", seconds);
    }
    const minutes = Math.round(seconds / 60);
    return minutes < 120 ? _t("%s min", minutes) : _t("%s h", Math.round(minutes / 60));
}

/** What became of the mail of all servers; each number opens what it counts. */
export class DeliverySummary extends Component {
    static template = "mail_gateway_plus.DeliverySummary";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({tiles: []});
        onWillStart(() => this.load());
        onWillUpdateProps(() => this.load());
    }

    async load() {
        const n = await this.orm.call("ir.mail_server", "get_delivery_summary", []);
        const attempts = "mail_gateway_plus.action_attempt";
        this.state.tiles = [
            {
                key: "sent",
                label: _t("Sent (24 h)"),
                value: n.sent,
                action: attempts,
                context: {search_default_accepted: 1, search_default_last_day: 1},
            },
            {
                key: "failed",
                label: _t("Failed Attempts (24 h)"),
                value: n.failed,
                action: attempts,
                context: {search_default_failed: 1, search_default_last_day: 1},
                alarm: n.failed,
            },
            {
                key: "queued",
                label: _t("Queued"),
                value: n.queued,
                action: "mail.action_view_mail_mail",
                context: {search_default_outgoing: 1},
            },
            {
                key: "dead",
                label: _t("Dead Letters"),
                value: n.dead,
                action: "mail_gateway_plus.action_dead_letters",
                alarm: n.dead,
            },
            {
                key: "uncertain",
                label: _t("Uncertain"),
                value: n.uncertain,
                action: "mail_gateway_plus.action_uncertain",
                alarm: n.uncertain,
            },
            {key: "mean", label: _t("Mean Time to Acceptance"), value: told(n.mean)},
            {key: "p95", label: _t("95% Accepted within"), value: told(n.p95)},
        ];
    }

    open(tile) {
        if (tile.action) {
            this.action.doAction(tile.action, {additionalContext: tile.context});
        }
    }
}

export class ServerHealthRenderer extends KanbanRenderer {
    static template = "mail_gateway_plus.ServerHealthRenderer";
    static components = {
        ...KanbanRenderer.components,
        DeliverySummary,
        MailOutage,
    };
}

registry.category("views").add("mail_gateway_server_health", {
    ...kanbanView,
    Renderer: ServerHealthRenderer,
});
