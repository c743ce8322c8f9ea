"""The house: which way imports run, what is documented, and what a command loads."""

import ast
import doctest
import importlib
import importlib.util
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from effort import in_one_test

import upsamp
from upsamp.cli import COMMANDS, main
from upsamp.cli.option_types import CountType

# Which parts of the house each part may see, besides itself.
SEES: dict[str, set[str]] = {
    "errors": set(),
    "core": {"errors"},
    "layers": {"errors", "core"},
    "io": {"errors", "core"},
    "translate": {"errors", "core"},
    "models": {"errors", "core", "layers", "io", "translate"},
    "resizing": {"errors", "core", "io"},
    "bulk": {"errors", "core", "io", "resizing"},
    "views": {"errors", "core", "io", "models", "explain"},
    "explain": {"errors", "core"},
    "pages": {"errors", "core", "io", "views"},
    "cli": {
        "errors",
        "core",
        "layers",
        "io",
        "translate",
        "models",
        "resizing",
        "bulk",
        "views",
        "explain",
        "pages",
    },
    "__init__": {"errors", "core", "layers", "io", "models", "resizing"},
    "__main__": {"cli"},
}
# Whose code each part may use, besides Python's own; and of whom one place alone may know.
USES: dict[str, set[str]] = {
    "errors": set(),
    "core": {"numpy", "dask"},
    "layers": {"numpy"},
    "io": {"numpy", "PIL", "fsspec", "h5py", "imagecodecs", "isal", "safetensors", "tifffile"},
    "translate": {"numpy"},
    "models": {"numpy", "onnx"},
    "resizing": {"numpy"},
    "bulk": {"numpy", "dask", "distributed"},
    "views": {"numpy"},
    "explain": {"numpy"},
    "pages": {"numpy", "jinja2", "markupsafe"},
    "cli": {"numpy", "click", "rich", "textual_image"},
    "__init__": set(),
    "__main__": set(),
}
ONLY_IN: dict[str, str | tuple[str, ...]] = {
    "PIL": "upsamp.io.images",
    "h5py": "upsamp.io.hdf5",
    "imagecodecs": "upsamp.io.images.deep",
    "isal": "upsamp.io.png.deflate",
    "tifffile": "upsamp.io.images",
    "safetensors": "upsamp.io.safetensors_files",
    "dask": ("upsamp.core.upsampling.dask_arrays.", "upsamp.bulk.dask."),
    "distributed": "upsamp.bulk.dask",
    "fsspec": "upsamp.io.remote_paths",
    "onnx": "upsamp.models.export.onnx_file",
    "jinja2": "upsamp.pages.rendering",
    "markupsafe": "upsamp.pages.rendering",
    "rich": "upsamp.cli.render",
    "textual_image": "upsamp.cli.render.preview",
    "click": "upsamp.cli",
}

SPEC = importlib.util.find_spec("upsamp")
assert SPEC is not None
assert SPEC.origin is not None
ROOT = Path(SPEC.origin).parent


def module_name(path: Path) -> str:
    """Return the dotted name of a file of the package."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}
MODULES = [
    "upsamp",
    *(module.name for module in pkgutil.walk_packages(upsamp.__path__, "upsamp.")),
]

every_module = in_one_test("module", MODULES)


@cache
def tree_of(module: str) -> ast.Module:
    """Parse a module of the package."""
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


@cache
def nodes_of(module: str) -> list[ast.AST]:
    """Return all nodes of a module of the package: to walk takes long, and many tests do it."""
    return [*ast.walk(tree_of(module))]


def imports_of(module: str) -> Iterator[str]:
    """Yield the modules that a module imports anywhere, in functions and for types too."""
    for node in nodes_of(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in FILES else node.module


def part_of(module: str) -> str:
    """Return the part of the house that a module of the package stands in."""
    return module.split(".")[1] if "." in module else "__init__"


def test_every_file_is_a_module_that_is_found() -> None:
    assert set(MODULES) == set(FILES)
    assert len(MODULES) > 30
    assert {part_of(module) for module in MODULES} == set(SEES)


# --- which way imports run


@every_module
def test_imports_run_one_way(module: str) -> None:
    part = part_of(module)
    own = {name for name in imports_of(module) if name.split(".")[0] == "upsamp"}
    assert {part_of(name) for name in own} <= SEES[part] | {part}


@every_module
def test_a_part_uses_only_the_packages_that_it_may(module: str) -> None:
    others = {name.split(".")[0] for name in imports_of(module)} - {"upsamp"}
    foreign = others - set(sys.stdlib_module_names)
    assert foreign <= USES[part_of(module)]
    for package, home in ONLY_IN.items():
        if package in foreign:
            homes = home if isinstance(home, tuple) else f"{home}."
            assert f"{module}.".startswith(homes)


@every_module
def test_any_text_is_asked_for_as_a_name_by_what_takes_any(module: str) -> None:
    """`Path.is_file` and its like raise where a name is too long; those of `os.path` do not."""
    asked = {"exists", "is_dir", "is_file", "is_symlink"}
    made = {"Path", "parent", "joinpath"}
    for node in nodes_of(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            source = node.func.value
            names = {one.id for one in ast.walk(source) if isinstance(one, ast.Name)}
            names |= {one.attr for one in ast.walk(source) if isinstance(one, ast.Attribute)}
            assert node.func.attr not in asked or not names & made, ast.unparse(node)


def test_every_integer_of_a_command_line_is_bounded() -> None:
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        for option in command.params:
            kinds = option.type.types if isinstance(option.type, click.Tuple) else [option.type]
            for kind in kinds:
                assert type(kind) not in (type(click.INT), type(click.FLOAT)), option
                # A seed and a bound are no sizes of anything that is made.
                if isinstance(kind, click.IntRange) and option.name not in ("seed", "max_pixels"):
                    assert isinstance(kind, CountType) or kind.max is not None, option


def test_layers_and_io_never_see_each_other() -> None:
    assert "io" not in SEES["layers"]
    assert "layers" not in SEES["io"]


def test_errors_import_nothing() -> None:
    assert list(imports_of("upsamp.errors")) == []


def test_modules_are_imported_by_name_only_where_that_makes_them_lazy() -> None:
    # Other libraries are asked what they compute where they are installed, and only then.
    peers = {"upsamp.translate.peers"}
    users = {module for module in MODULES if "importlib" in set(imports_of(module))}
    assert users - peers == {
        "upsamp",
        "upsamp.cli",
        "upsamp.core.convolution.algorithms",
        "upsamp.io.images.pillow",  # each of Pillow's decoders when it is tried
        "upsamp.io.write",  # each format's writer when it is needed
        "upsamp.layers",
        "upsamp.models.registry",
    }
    # Whether an extra is installed is asked in one place, which loads nothing by that.
    askers = {module for module in MODULES if "importlib.util" in set(imports_of(module))}
    assert askers - peers == {"upsamp.io.extras"}
    for module in MODULES:
        called = {
            node.func.id
            for node in nodes_of(module)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"__import__", "eval", "exec", "compile"}, module


def test_no_module_imports_itself_by_a_detour() -> None:
    edges = {module: {name for name in imports_of(module) if name in FILES} for module in MODULES}
    # What is public is imported for types alone, and when it is asked for.
    edges["upsamp"] = edges["upsamp.layers"] = set()
    while True:
        free = {module for module, needed in edges.items() if not needed & set(edges)}
        if not free:
            break
        edges = {module: needed for module, needed in edges.items() if module not in free}
    assert edges == {}


def test_every_package_that_is_used_is_used_somewhere() -> None:
    used = {name.split(".")[0] for module in MODULES for name in imports_of(module)}
    foreign = used - set(sys.stdlib_module_names) - {"upsamp"}
    files = {"PIL", "h5py", "imagecodecs", "isal", "safetensors", "tifffile"}
    files |= {"distributed", "fsspec", "jinja2", "markupsafe", "onnx"}
    assert foreign == {"numpy", "dask", "click", "rich", "textual_image"} | files


# --- who prints

# The one place that prints text; `Model.summary` prints as Keras does, and bytes are results. In
# Python what a file does not hold is a warning, and that kernels cannot be loaded.
PRINTS = {
    "upsamp.core.native.library": {"warn"},
    "upsamp.cli.render.output": {"echo"},
    "upsamp.models.model": {"print"},
    "upsamp.resizing.files": {"warn"},
}
# What prints, however it is called: click's, Python's own, and that of other libraries.
PRINTERS = {"echo", "secho", "print", "pprint", "input", "echo_via_pager", "progressbar"}
PRINTERS |= {"confirm", "prompt", "print_exc", "print_json", "log", "warn", "Console"}


def uses_of_printers(module: str) -> Iterator[str]:
    """Yield what a module names of what prints; methods of consoles are known by their owner."""
    for node in nodes_of(module):
        if isinstance(node, ast.Name) and node.id in PRINTERS:
            yield node.id
        elif isinstance(node, ast.Attribute) and node.attr in PRINTERS:
            owner = ast.unparse(node.value)
            # Its consoles come from the place that prints, or they are numbers' logarithms.
            if owner not in {"console", "open_console(stderr=True)", "np"}:
                yield node.attr


@every_module
def test_one_place_prints(module: str) -> None:
    assert set(uses_of_printers(module)) - {"Console"} <= PRINTS.get(module, set())
    makes = {
        node.name
        for node in nodes_of(module)
        if isinstance(node, ast.alias) and node.name in ("Console", "get_console")
    }
    # Elsewhere the class is known by name for its type alone.
    assert not makes or module in ("upsamp.cli.render.output", "upsamp.cli.render.tables")
    for node in nodes_of(module):
        if isinstance(node, ast.Attribute) and node.attr in ("write", "writelines"):
            assert ast.unparse(node.value) not in ("sys.stdout", "sys.stderr"), module


def test_what_prints_is_found() -> None:
    assert set(uses_of_printers("upsamp.cli.render.output")) == {"echo", "Console"}
    assert set(uses_of_printers("upsamp.models.model")) == {"print"}


# --- documentation and names


def undocumented(module: str) -> list[str]:
    """Return the public functions, classes and methods that have no docstring."""
    classes = [
        node
        for node in nodes_of(module)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    owners: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree_of(module))]
    owners += [(f"{node.name}.", node) for node in classes]
    return [
        f"{module}.{prefix}{node.name}"
        for prefix, owner in owners
        for node in owner.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]


@every_module
def test_modules_and_all_that_is_public_in_them_are_documented(module: str) -> None:
    assert ast.get_docstring(tree_of(module))
    assert undocumented(module) == []


@every_module
def test_every_name_that_a_module_declares_public_exists_in_it(module: str) -> None:
    loaded = importlib.import_module(module)
    declared = getattr(loaded, "__all__", [])
    assert [name for name in declared if not hasattr(loaded, name)] == []
    assert len(set(declared)) == len(declared)


def declared_by(module: str) -> set[str]:
    """Return the names that a module declares public, if it declares any."""
    return set(getattr(importlib.import_module(module), "__all__", ()))


def imported_by(module: str) -> set[str]:
    """Return the names that a module takes from others, also for types alone."""
    nodes = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def test_names_are_declared_where_they_are_public_or_handed_on() -> None:
    public = {"upsamp", "upsamp.cli", "upsamp.errors"}
    public |= {getattr(upsamp, name).__module__ for name in set(upsamp.__all__) - {"__version__"}}
    declaring = {module for module in MODULES if declared_by(module)}
    handing_on = {module for module in declaring if declared_by(module) & imported_by(module)}
    # Elsewhere, what begins with no underscore is for other modules.
    assert declaring == public | handing_on


def test_the_public_names_are_those_of_the_package_and_are_listed() -> None:
    assert set(upsamp.__all__) >= {"Sequential", "UpsampError", "conv2d", "conv2d_transpose"}
    for name in (*upsamp.__all__, "core", "errors", "io", "layers", "models"):
        assert getattr(upsamp, name) is not None
        assert name in dir(upsamp)
    with pytest.raises(AttributeError, match=r"module 'upsamp' has no attribute 'upscale'"):
        upsamp.upscale  # noqa: B018 - asking is the test


def test_public_names_are_the_very_objects_of_their_homes() -> None:
    homes = {
        "upsample": "core.upsampling.resample",
        "conv2d": "core.convolution.convolve",
        "UpsampError": "errors",
    }
    for name, home in homes.items():
        module = importlib.import_module(f"upsamp.{home}")
        assert getattr(upsamp, name) is getattr(module, name)


# --- doctests


@cache
def examples_of(module: str) -> list[doctest.DocTest]:
    """Return the docstrings of a module that have examples: a run without any takes long, too."""
    found = doctest.DocTestFinder().find(importlib.import_module(module), module)
    return [test for test in found if test.examples]


@every_module
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    runner = doctest.DocTestRunner(verbose=False)
    for test in examples_of(module):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_there_are_examples_and_each_part_has_some() -> None:
    count: dict[str, int] = dict.fromkeys(SEES, 0)
    for module in MODULES:
        count[part_of(module)] += sum(len(test.examples) for test in examples_of(module))
    assert sum(count.values()) > 50
    assert all(count[part] for part in ("core", "layers", "io", "models"))


# --- what is loaded

REPORT = (
    "import json, sys\n"
    "def report():\n"
    "    sys.stderr.write(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))\n"
)
RUN = (
    "from upsamp.cli import main\n"
    "for words in json.loads(sys.argv[1]):\n"
    "    try:\n"
    "        main(words)\n"
    "    except SystemExit as end:\n"
    "        assert not end.code, end.code\n"
    "report()\n"
)


def loaded_after(program: str, *arguments: str) -> tuple[set[str], str]:
    """Run a program in a fresh Python; give the packages it loaded and what it printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", REPORT + program, *arguments],
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
    )
    return set(json.loads(done.stderr.splitlines()[-1])), done.stdout


def loaded_after_commands(*commands: list[str], then: str = "") -> tuple[set[str], str]:
    """Run commands one after the other in a fresh Python; give what all of them together did."""
    return loaded_after(RUN + then, json.dumps(commands))


def test_importing_the_package_loads_nothing_else() -> None:
    loaded, _ = loaded_after("import upsamp\nreport()\n")
    assert "upsamp" in loaded
    assert not loaded & {"numpy", "dask", "PIL", "h5py", "safetensors", "click", "rich"}


def test_what_reads_models_loads_neither_of_their_packages_before_it_must() -> None:
    loaded, _ = loaded_after(
        "import upsamp.io.model_files, upsamp.io.weight_files, upsamp.io.hdf5.reading\nreport()\n"
    )
    assert "numpy" in loaded
    assert not loaded & {"dask", "PIL", "h5py", "safetensors", "click", "rich"}


def test_a_public_name_loads_numpy_alone() -> None:
    loaded, _ = loaded_after("import upsamp\nupsamp.upsample\nupsamp.Sequential\nreport()\n")
    assert "numpy" in loaded
    assert not loaded & {"dask", "PIL", "h5py", "safetensors", "click", "rich"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_the_overview_loads_no_arrays_no_pictures_and_no_tables(arguments: list[str]) -> None:
    loaded, printed = loaded_after_commands(arguments)
    assert printed
    assert "click" in loaded
    assert not loaded & {"numpy", "PIL", "rich"}


def test_a_command_on_numbers_through_a_pipe_loads_no_pictures_and_no_tables() -> None:
    loaded, printed = loaded_after_commands(
        ["transpose-conv", "1 2; 3 4", "--kernel", "1", "--stride", "2"],
        ["upsample", "1 2; 3 4"],
        ["summary", "Dense(3, input_dim=4)"],
        ["generator", "--kind", "transpose"],
    )
    assert printed.count("conv2d_transpose") > 0
    assert "1 1 2 2" in printed
    assert "numpy" in loaded
    assert not loaded & {"PIL", "rich"}


def test_one_input_loads_nothing_of_processes(tmp_path: Path) -> None:
    loaded, _ = loaded_after_commands(["upsample", "1 2; 3 4"])
    slow = {"multiprocessing", "concurrent", "subprocess", "selectors", "asyncio"}
    assert not loaded & (slow | {"distributed", "fsspec"})
    picture = Path(__file__).parents[1] / "sample_images" / "sprite.png"
    check = "import sys\nsys.stdout.write(' '.join(sys.modules))\n"
    one, many = (
        set(loaded_after_commands(["upsample", str(picture), *words], then=check)[1].split())
        for words in (["-q", "-o", str(tmp_path / "a.png")], ["-q", "--out-dir", str(tmp_path)])
    )
    several = {f"upsamp.bulk.{name}" for name in ("clashes", "processes", "report", "run", "tasks")}
    strips = {name for name in one if name.startswith("upsamp.io.strips.")}
    assert strips == {"upsamp.io.strips.rows"}
    assert not one & several
    assert several <= many
    assert not many & {"multiprocessing", "concurrent", "asyncio", "rich", "distributed", "fsspec"}


def test_numbers_become_a_png_without_pillow(tmp_path: Path) -> None:
    files = [str(tmp_path / f"{number}.png") for number in range(3)]
    loaded, _ = loaded_after_commands(
        ["upsample", "1 2; 3 4", "-o", files[0]],
        ["transpose-conv", "1 2; 3 4", "--compress", "9", "-o", files[1]],
        ["generator", "--kind", "transpose", "-o", files[2]],
    )
    for file in files:
        assert Path(file).read_bytes().startswith(b"\x89PNG")
    assert "numpy" in loaded
    assert "PIL" not in loaded


# --- the overview


@in_one_test("name", COMMANDS)
def test_each_command_of_the_overview_is_there_and_does_what_its_line_says(name: str) -> None:
    command = importlib.import_module(f"upsamp.cli.{name.replace('-', '_')}").command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert main.get_command(click.Context(main), name) is command
    line = COMMANDS[name]
    assert line.endswith(".")
    assert "\n" not in line
    # The line is the first sentence of the command's own help, or a shorter one that begins alike.
    assert command.help is not None
    assert command.help.split()[:2] == line.split()[:2]


def test_the_overview_lists_the_commands_and_knows_no_others() -> None:
    context = click.Context(main)
    assert main.list_commands(context) == list(COMMANDS)
    assert main.get_command(context, "downsample") is None
    assert main.get_command(context, "render") is None
