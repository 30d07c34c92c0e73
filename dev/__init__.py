"""What the commands of the Makefile call: prepare a machine, run suites, clean up.

``python3 -m dev <command>`` runs on any Python from 3.10 on with nothing but the
standard library, because it is what makes the virtual environment. Modules that
need the environment (``dev.demo``) are started with its Python.
"""
