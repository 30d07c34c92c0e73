import {Component, useEffect, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";

/** Says, while no mail goes out, why that is, what it breaks and how to mend it. */
export class MailOutage extends Component {
    static template = "mail_gateway_plus.MailOutage";
    static props = {
        record: {type: Object, optional: true},
        readonly: {type: Boolean, optional: true},
        resModel: {type: String, optional: true},
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({outage: {}});
        useEffect(
            () => {
                this.load();
            },
            () => this.dependencies
        );
    }

    /** On a server's form, how that server fares may change the answer. */
    get dependencies() {
        const {state, breaker_state: breaker, active} = this.props.record?.data || {};
        return [state, breaker, active];
    }

    /** The servers themselves need no way to the servers. */
    get isElsewhere() {
        const model = this.props.resModel || this.props.record?.resModel;
        return model !== "ir.mail_server";
    }

    async load() {
        this.state.outage = await this.orm.call(
            "ir.mail_server",
            "get_mail_outage",
            []
        );
    }

    openServer(id) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "ir.mail_server",
            res_id: id,
            views: [[false, "form"]],
        });
    }

    openServers() {
        this.action.doAction("base.action_ir_mail_server_list");
    }

    setUp() {
        this.action.doAction("mail_gateway_plus.action_discover");
    }
}

registry.category("view_widgets").add("mail_gateway_outage", {component: MailOutage});

export class MailOutageListRenderer extends ListRenderer {
    static template = "mail_gateway_plus.MailOutageListRenderer";
    static components = {...ListRenderer.components, MailOutage};
}

registry.category("views").add("mail_gateway_outage_list", {
    ...listView,
    Renderer: MailOutageListRenderer,
});
