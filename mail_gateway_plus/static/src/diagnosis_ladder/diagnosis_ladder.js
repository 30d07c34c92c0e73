import {Component, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {downloadFile} from "@web/core/network/download";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useFollowing} from "../following/following";

// Long enough not to burden the server, short enough to look alive.
const POLL_MS = 500;

const ICONS = {
    pending: "fa-circle-o text-300",
    running: "fa-circle-o-notch fa-spin text-info",
    ok: "fa-check-circle text-success",
    warning: "fa-exclamation-triangle text-warning",
    failed: "fa-times-circle text-danger",
    skipped: "fa-minus-circle text-300",
};

/** The steps of a server's test, as a checklist that fills in while it runs. */
export class DiagnosisLadder extends Component {
    static template = "mail_gateway_plus.DiagnosisLadder";
    static props = {...standardFieldProps};

    setup() {
        this.notification = useService("notification");
        this.titles = {
            pending: _t("Waiting"),
            running: _t("Running"),
            ok: _t("Passed"),
            warning: _t("Passed with a warning"),
            failed: _t("Failed"),
            skipped: _t("Skipped"),
        };
        this.open = useState({lines: {}, transcript: false});
        useFollowing(this, () => this.value.is_running, POLL_MS);
    }

    get value() {
        return this.props.record.data[this.props.name] || {lines: []};
    }

    icon(line) {
        return ICONS[line.state];
    }

    title(line) {
        return this.titles[line.state];
    }

    /** What failed stands open; everything else opens on a click. */
    isOpen(line) {
        const chosen = this.open.lines[line.name];
        return chosen === undefined ? line.state === "failed" : chosen;
    }

    hasMore(line) {
        return Boolean(line.rows.length || line.messages?.length || line.words);
    }

    toggle(line) {
        if (this.hasMore(line)) {
            this.open.lines[line.name] = !this.isOpen(line);
        }
    }

    get report() {
        const lines = this.value.lines.map((line) => {
            const told = [line.summary, line.cause, line.words].filter(Boolean);
            return `[${this.title(line)}] ${line.label}: ${told.join(" · ")}`;
        });
        const parts = [this.value.headline, lines.join("\n"), this.value.transcript];
        return [...parts, this.value.commands].filter(Boolean).join("\n\n") + "\n";
    }

    async copy() {
        await browser.navigator.clipboard.writeText(this.report);
        this.notification.add(_t("Copied"), {type: "success"});
    }

    download() {
        downloadFile(this.report, this.value.file_name, "text/plain");
    }
}

registry.category("fields").add("mail_gateway_diagnosis_ladder", {
    component: DiagnosisLadder,
    supportedTypes: ["json"],
});
