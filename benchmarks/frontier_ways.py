"""The ways to encode that `frontier.py` measures: the profiles, and a grid of hardening steps and widths."""

from __future__ import annotations

from typing import Any

from linkage.profile import PROFILES

Way = dict[str, Any]  # bits, and the steps of [harden]; or a profile


def grid() -> dict[str, Way]:
    """Name -> way, the plain one first.

    >>> len(grid()) >= 60
    True
    """
    ways: list[Way] = [{"profile": profile.name} for profile in PROFILES]
    ways += [{"bits": bits} for bits in (512, 1024, 2048)]
    ways += [{"saul": f, "bits": bits} for f in range(1, 8) for bits in (1024, 2048, 4096, 8192)]
    ways += [{"diffuse": t, "bits": bits} for t in (2, 3, 4, 5, 6, 8, 10) for bits in (512, 1024, 2048)]
    ways += [{"fold": n, "bits": 1024 << n} for n in (1, 2)] + [{"fold": 1, "bits": 1024}]
    ways += [{"noise": p, "bits": 1024} for p in (0.02, 0.05, 0.1, 0.2)]
    ways += [{"noise": p, "bits": 8192, "saul": 4} for p in (0.02, 0.05, 0.1)]
    ways += [{"noise": p, "bits": 1024, "diffuse": 4} for p in (0.02, 0.05)]
    ways += [{"balance": True, "bits": 1024}, {"fold": 1, "balance": True, "noise": 0.02, "bits": 2048}]
    ways += [{"salt": name, "bits": 1024} for name in ("sex", "dob")]
    return {name_of(way): way for way in ways}


def name_of(way: Way) -> str:
    """As one writes it after --at.

    >>> name_of({"saul": 4, "bits": 8192}), name_of({"bits": 1024})
    ('saul=4,bits=8192', 'plain,bits=1024')
    """
    if "profile" in way:
        return f"profile: {way['profile']}"
    steps = [name if value is True else f"{name}={value}" for name, value in way.items() if name != "bits"]
    return ",".join([*(steps or ["plain"]), f"bits={way['bits']}"])


def way_of(text: str) -> Way:
    """The way that a name stands for.

    >>> way_of("fold=1,balance,noise=0.02,bits=2048")
    {'fold': 1, 'balance': True, 'noise': 0.02, 'bits': 2048}
    """
    if text.startswith("profile: "):
        return {"profile": text.removeprefix("profile: ")}
    found: Way = {"bits": 1024}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name != "plain":
            found[name] = (
                True if not value else value if name == "salt" else float(value) if name == "noise" else int(value)
            )
    return {name: value for name, value in found.items() if name != "bits"} | {"bits": found["bits"]}
