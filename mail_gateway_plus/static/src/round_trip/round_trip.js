import {Component} from "@odoo/owl";
import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useFollowing} from "../following/following";

// The mail takes seconds: long enough not to burden the server.
const POLL_MS = 700;

/** How far a round-trip mail is, and the way that it took. */
export class RoundTrip extends Component {
    static template = "mail_gateway_plus.RoundTrip";
    static props = {...standardFieldProps};

    setup() {
        useFollowing(this, () => this.value.is_running, POLL_MS);
    }

    get value() {
        return (
            this.props.record.data[this.props.name] || {
                hops: [],
                results: [],
                signatures: [],
            }
        );
    }

    at(hop) {
        return hop.at ? formatDateTime(deserializeDateTime(hop.at)) : "";
    }
}

registry.category("fields").add("mail_gateway_round_trip", {
    component: RoundTrip,
    supportedTypes: ["json"],
});
