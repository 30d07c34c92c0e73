import {Component} from "@odoo/owl";
import {deserializeDate} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const COUNTS = [
    "arrived",
    "missing",
    "journaled",
    "done",
    "ignored",
    "quarantined",
    "waiting",
];

/** What arrived in a mailbox on the last days; each number opens its messages. */
export class MailboxDays extends Component {
    static template = "mail_gateway_plus.MailboxDays";
    static props = {...standardFieldProps};

    setup() {
        this.action = useService("action");
        this.columns = [
            {name: "journaled", label: _t("Journaled")},
            {name: "done", label: _t("Records")},
            {name: "ignored", label: _t("Ignored")},
            {name: "quarantined", label: _t("Quarantined")},
            {name: "waiting", label: _t("Waiting")},
        ];
    }

    get value() {
        return this.props.record.data[this.props.name] || {days: [], folders: []};
    }

    /** The days and what they come to; a sum has no date. */
    get periods() {
        const days = this.value.days;
        if (!days.length) {
            return [];
        }
        const sum = {from: days.at(-1).from, until: days[0].until};
        for (const count of COUNTS) {
            sum[count] = days.reduce((total, day) => total + day[count], 0);
        }
        return [...days, sum];
    }

    label(period) {
        if (!period.date) {
            return _t("Altogether");
        }
        const format = {weekday: "short", month: "short", day: "numeric"};
        return deserializeDate(period.date).toLocaleString(format);
    }

    numberClass(column, number) {
        if (!number) {
            return "text-muted";
        }
        return column === "quarantined" ? "fw-bold text-danger" : "";
    }

    open(period, column) {
        const domain = [
            ["server_id", "=", this.props.record.resId],
            ["fetched_at", ">=", period.from],
            ["fetched_at", "<", period.until],
        ];
        if (column.name !== "journaled") {
            domain.push(["state", "in", this.value.states[column.name]]);
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: `${this.label(period)}: ${column.label}`,
            res_model: "mail.gateway.inbound",
            views: [
                [false, "list"],
                [false, "form"],
            ],
            domain,
        });
    }
}

registry.category("fields").add("mail_gateway_mailbox_days", {
    component: MailboxDays,
    supportedTypes: ["json"],
});
