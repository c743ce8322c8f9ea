"""The tutorial's programs, each run whole, and all that it prints."""

import ast
import re
import runpy
from pathlib import Path

import pytest

from upsamp.layers import LAYERS

DIRECTORY = Path(__file__).parent / "tutorial"

OUTPUTS = {
    "upsampling2d.py": """\
[[1 2]
 [3 4]]
Model: "sequential"

Layer (type)                  Output Shape     Param #
------------------------------------------------------
up_sampling2d (UpSampling2D)  (None, 4, 4, 1)        0
------------------------------------------------------
Total params: 0 (0.00 B)
Trainable params: 0 (0.00 B)
Non-trainable params: 0 (0.00 B)
[[1. 1. 2. 2.]
 [1. 1. 2. 2.]
 [3. 3. 4. 4.]
 [3. 3. 4. 4.]]
""",
    "upsampling2d_generator.py": """\
Model: "sequential"

Layer (type)                  Output Shape         Param #
----------------------------------------------------------
dense (Dense)                 (None, 3200)         323,200
reshape (Reshape)             (None, 5, 5, 128)          0
up_sampling2d (UpSampling2D)  (None, 10, 10, 128)        0
conv2d (Conv2D)               (None, 10, 10, 1)      1,153
----------------------------------------------------------
Total params: 324,353 (1.24 MB)
Trainable params: 324,353 (1.24 MB)
Non-trainable params: 0 (0.00 B)
""",
    "conv2d_transpose.py": """\
[[1 2]
 [3 4]]
Model: "sequential"

Layer (type)                        Output Shape     Param #
------------------------------------------------------------
conv2d_transpose (Conv2DTranspose)  (None, 4, 4, 1)        2
------------------------------------------------------------
Total params: 2 (8.00 B)
Trainable params: 2 (8.00 B)
Non-trainable params: 0 (0.00 B)
[[1. 0. 2. 0.]
 [0. 0. 0. 0.]
 [3. 0. 4. 0.]
 [0. 0. 0. 0.]]
""",
    "conv2d_transpose_same.py": """\
[[1 2]
 [3 4]]
Model: "sequential"

Layer (type)                        Output Shape     Param #
------------------------------------------------------------
conv2d_transpose (Conv2DTranspose)  (None, 4, 4, 1)       10
------------------------------------------------------------
Total params: 10 (40.00 B)
Trainable params: 10 (40.00 B)
Non-trainable params: 0 (0.00 B)
[[ 1.  1.  3.  2.]
 [ 1.  1.  3.  2.]
 [ 4.  4. 10.  6.]
 [ 3.  3.  7.  4.]]
""",
    "conv2d_transpose_generator.py": """\
Model: "sequential"

Layer (type)                        Output Shape       Param #
--------------------------------------------------------------
dense (Dense)                       (None, 3200)       323,200
reshape (Reshape)                   (None, 5, 5, 128)        0
conv2d_transpose (Conv2DTranspose)  (None, 10, 10, 1)    1,153
--------------------------------------------------------------
Total params: 324,353 (1.24 MB)
Trainable params: 324,353 (1.24 MB)
Non-trainable params: 0 (0.00 B)
""",
}

every_program = pytest.mark.parametrize("name", OUTPUTS)


def test_every_program_is_run() -> None:
    assert {path.name for path in DIRECTORY.glob("*.py")} == set(OUTPUTS)


@every_program
@pytest.mark.filterwarnings("error")
def test_a_program_prints_what_the_tutorial_shows(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(DIRECTORY / name), run_name="__main__")
    assert capfd.readouterr() == (OUTPUTS[name], "")


@every_program
def test_with_other_import_lines_a_program_is_one_for_keras(name: str) -> None:
    lines = (DIRECTORY / name).read_text(encoding="utf-8").splitlines()
    ours = [line for line in lines if "upsamp" in line.replace("upsampling", "")]
    assert len(ours) == 2
    assert ours[0] == "from upsamp import Sequential"
    assert ours[1].startswith("from upsamp.layers import ")
    source = "\n".join(re.sub(r"^from upsamp\b", "from keras", line) for line in lines)
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    names = {node.module: {alias.name for alias in node.names} for node in imports}
    assert names.pop("keras") == {"Sequential"}
    assert names.pop("keras.layers") <= set(LAYERS)
    assert set(names) <= {"numpy"}
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import)]
