"""Which implementation runs here: see `linkage.kernelchoice`."""

from linkage.kernelchoice import Choice

CHOICE = Choice(
    "linkage.agency.kernels",
    portable="NumPy and hashlib",
    slower="encoding runs on NumPy and hashlib and takes several times longer",
    strict=False,
)
available, chosen, is_compiled, name = CHOICE.available, CHOICE.chosen, CHOICE.is_compiled, CHOICE.name
