import {Component, useState} from "@odoo/owl";
import {CopyButton} from "@web/core/copy_button/copy_button";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useFollowing} from "../following/following";

// Domains take seconds each: asking more often would show nothing more.
const POLL_MS = 700;

const ICONS = {
    ok: "fa-check-circle text-success",
    warning: "fa-exclamation-triangle text-warning",
    failed: "fa-times-circle text-danger",
    skipped: "fa-minus-circle text-300",
};

const BADGES = {
    running: "text-bg-info",
    ok: "text-bg-success",
    warning: "text-bg-warning",
    failed: "text-bg-danger",
    skipped: "text-bg-secondary",
};

/** The reports about a server's domains, as checklists with records to copy. */
export class Deliverability extends Component {
    static template = "mail_gateway_plus.Deliverability";
    static components = {CopyButton};
    static props = {...standardFieldProps};

    setup() {
        this.copied = _t("Copied");
        this.open = useState({});
        useFollowing(this, () => this.value.is_running, POLL_MS);
    }

    get value() {
        return this.props.record.data[this.props.name] || {reports: []};
    }

    icon(line) {
        return ICONS[line.state];
    }

    badge(report) {
        return BADGES[report.state];
    }

    checked(report) {
        return report.checked
            ? formatDateTime(deserializeDateTime(report.checked))
            : "";
    }

    /** What is not fine stands open; everything else opens on a click. */
    isOpen(key, line) {
        const isBad = line.state === "failed" || line.state === "warning";
        return this.open[key] === undefined ? isBad : this.open[key];
    }

    hasMore(line) {
        return Boolean(line.publish || line.seen.length);
    }

    toggle(key, line) {
        if (this.hasMore(line)) {
            this.open[key] = !this.isOpen(key, line);
        }
    }

    /** What is to be published, part by part, as DNS forms ask for it. */
    parts(publish) {
        return [
            [_t("Name"), publish.name],
            [_t("Type"), publish.kind],
            [_t("Value"), publish.value],
        ].filter((part) => part[1]);
    }
}

registry.category("fields").add("mail_gateway_deliverability", {
    component: Deliverability,
    supportedTypes: ["json"],
});
