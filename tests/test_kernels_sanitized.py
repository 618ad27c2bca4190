"""The C kernels under AddressSanitizer and UBSan at every level, under ThreadSanitizer, under valgrind up to AVX2 (it
has no AVX-512), and on 64-bit ARM, emulated."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from linkage.central import kernels

ROOT = Path(__file__).parent.parent
PYTHON = getattr(sys, "_base_executable", sys.executable)
CHECKOUT = (ROOT / "CMakeLists.txt").exists()
KERNEL_TESTS = [
    *(f"test_kernels{part}.py" for part in ("", "_levels", "_bars", "_limits", "_boundary", "_hostile", "_choice")),
    "test_agency_kernels.py",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHECKOUT or sys.platform != "linux", reason="builds the C sources anew, with gcc on Linux"),
]


def run(command, *, cwd: Path | None = None, **environment) -> subprocess.CompletedProcess:
    arguments = [str(part) for part in command]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **environment}
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]
    return done


def installed(folder: Path, *settings: str) -> Path:
    """The package, built with these CMake settings, and the kernel tests beside it."""
    # a folder of its own: what CMake was told stays in the checkout's, for the next build
    options = [f"--config-settings=build-dir={folder.parent / f'{folder.name}-objects'}"]
    options += [f"--config-settings=cmake.define.{setting}" for setting in settings]
    run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, ROOT, *options])
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def path_of(folder: Path) -> str:
    # an editable install puts itself before any path, by a .pth file that only its own site-packages reads
    return f"{folder}{os.pathsep}{sysconfig.get_path('purelib')}"


def test_kernels__under_the_address_and_undefined_behaviour_sanitizers(tmp_path):
    folder = installed(tmp_path, "LINKAGE_SANITIZE=ON")
    environment = {
        "LD_PRELOAD": run(["gcc", "-print-file-name=libasan.so"]).stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",  # Python itself leaves memory to the end of the process
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONPATH": path_of(folder),
    }
    built = run(
        [PYTHON, "-c", "from linkage.central.kernels import _compiled; print(_compiled.__file__)"],
        cwd=folder,
        **environment,
    )
    assert str(folder) in built.stdout
    tests = [folder / "tests" / name for name in KERNEL_TESTS]
    options = ["-q", "-o", "addopts=--import-mode=importlib", "--rootdir", folder, "-k", "not portable"]
    assert "passed" in run([PYTHON, "-m", "pytest", *tests, *options], cwd=folder, **environment).stdout


def test_kernels__from_several_threads_at_once_under_the_thread_sanitizer(tmp_path):
    folder = installed(tmp_path, "LINKAGE_SANITIZE_THREADS=ON")
    environment = {
        "LD_PRELOAD": run(["gcc", "-print-file-name=libtsan.so"]).stdout.strip(),
        "TSAN_OPTIONS": "exitcode=0",  # NumPy is no part of what is built here, and what it races with is not ours
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # the sanitizer does not understand how mimalloc locks
        "PYTHONPATH": path_of(folder),
    }
    done = run([PYTHON, "-m", "tests.hostile.threads"], cwd=folder, **environment)
    assert "all of them" in done.stdout
    assert "_compiled" not in done.stderr
    # and a race that there is is seen
    raced = [PYTHON, "-m", "tests.hostile.scribble", "--seconds", "2", "--only", "central.pair_overlaps"]
    assert "_compiled" in run(raced, cwd=folder, **environment).stderr


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("level", [name for name in kernels.available() if name not in ("portable", "avx512")])
def test_kernels__under_valgrind(tmp_path, level):
    folder = installed(tmp_path / "package")
    log = tmp_path / "valgrind.txt"
    command = ["valgrind", f"--log-file={log}", PYTHON, ROOT / "tests" / "every_kernel_once.py"]
    run(command, cwd=tmp_path, PYTHONMALLOC="malloc", LINKAGE_KERNEL=level, PYTHONPATH=path_of(folder))
    # what it says of Python's own collector is not ours to answer
    assert "ERROR SUMMARY" in log.read_text()
    assert "_compiled" not in log.read_text()


ON_ARM = "aarch64-linux-gnu-gcc", "qemu-aarch64"


@pytest.mark.skipif(None in map(shutil.which, ON_ARM), reason="no cross compiler and emulator for 64-bit ARM")
def test_kernels__on_an_emulated_64_bit_arm_answer_as_plain_loops_do(tmp_path):
    kernel = ROOT / "linkage" / "central" / "kernels"
    sources = [ROOT / "tests" / "kernel_alone.c", *(kernel / name for name in ("generic.c", "slices.c", "cpu.c"))]
    warnings = "-Wall", "-Wextra", "-Werror"
    run([ON_ARM[0], "-std=c11", "-O3", "-static", *warnings, f"-I{kernel}", *sources, "-o", tmp_path / "alone"])
    assert run([ON_ARM[1], tmp_path / "alone"]).stdout == "neon: right\n"
