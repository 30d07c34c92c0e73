"""Write the addons' lists of terms to translate, as Odoo exports them."""

from dev import database, prepare
from dev.steps import step

DATABASE = "mgp_translations"


def main(arguments: list[str]) -> int:
    """Write ``i18n/<addon>.pot`` of every addon of this tree."""
    del arguments
    environment = prepare.prepare_odoo()
    database.copy_for_run(environment, DATABASE)
    configuration = environment.write_configuration(
        environment.state / "odoo-translations.conf",
        environment.odoo_options(DATABASE),
    )
    odoo = [environment.python, "-m", "odoo", "i18n", "export", "-c", configuration]
    for folder in database.own_addons():
        target = folder / "i18n" / f"{folder.name}.pot"
        target.parent.mkdir(exist_ok=True)
        with step(f"terms of {folder.name}", environment.state / "logs/pot.log") as s:
            s.run([*odoo, "-l", "pot", "-o", target, folder.name])
    environment.cluster.drop_database(DATABASE)
    return 0
