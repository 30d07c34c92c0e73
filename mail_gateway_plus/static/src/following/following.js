import {onMounted, onWillUnmount} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";

/**
 * Load a field's record again and again, as long as something runs.
 *
 * @param {Component} component of a field
 * @param {Function} isRunning says whether to go on
 * @param {Number} milliseconds between two times
 */
export function useFollowing(component, isRunning, milliseconds) {
    let timer = null;
    let isGone = false;

    function follow() {
        if (isGone || !isRunning()) {
            return;
        }
        timer = browser.setTimeout(async () => {
            await component.props.record.load();
            follow();
        }, milliseconds);
    }

    onMounted(follow);
    onWillUnmount(() => {
        isGone = true;
        browser.clearTimeout(timer);
    });
}
