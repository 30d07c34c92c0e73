import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

/** Tries a rule as it stands on the form: an ordinary button would save it first. */
export class DryRun extends Component {
    static template = "mail_gateway_plus.DryRun";
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    async onClick() {
        const {record} = this.props;
        const changes = await record.getChanges();
        const action = await this.orm.call("mail.gateway.dry.run", "action_try_draft", [
            record.resId || false,
            changes,
        ]);
        await this.action.doAction(action);
    }
}

registry.category("view_widgets").add("mail_gateway_dry_run", {component: DryRun});
