# Each command first makes what is missing: packages, Odoo, Python, databases.
# Options: ARGS="…" for the command itself, ODOO_PATH=<an Odoo 19 that you have>,
# DEBIAN_MIRROR=<address> where apt's own mirror is not Debian's, MGP_CACHE=<folder>.

PYTHON = /usr/bin/python3
ARGS =
export ODOO_PATH DEBIAN_MIRROR MGP_CACHE

.PHONY: help prepare demo test test-odoo bench lint pot clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | \
	  sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

prepare: ## make everything that is missing, run nothing
demo: ## start Odoo with real mail servers and sample data
test: ## run all tests; ARGS="tests/unit -k retry" for some
test-odoo: ## run Odoo's own mail suites with the addons installed
bench: ## measure mail in and out, ours against stock Odoo
lint: ## check style, manifests and formatting
pot: ## write the lists of terms to translate
clean: ## stop servers, remove all that was prepared

prepare demo test test-odoo bench lint pot clean:
	@[ -x $(PYTHON) ] || { echo "error: $(PYTHON) is missing: apt-get install python3"; exit 1; }
	@$(PYTHON) -m dev $@ $(ARGS)
