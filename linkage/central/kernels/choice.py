"""Which implementation runs here: see `linkage.kernelchoice`."""

from linkage.kernelchoice import Choice

CHOICE = Choice(
    "linkage.central.kernels",
    portable="NumPy",
    slower="comparison runs on NumPy and takes many times longer",
    strict=True,
)
available, chosen, is_compiled, name = CHOICE.available, CHOICE.chosen, CHOICE.is_compiled, CHOICE.name
