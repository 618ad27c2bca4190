"""``python -m linkage`` is the ``linkage`` command."""

from linkage.cli import main

main()
