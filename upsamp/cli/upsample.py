"""`upsamp upsample`: enlarge an image or a matrix."""

import click

from upsamp.cli.command import Command
from upsamp.cli.options import spelled_as_options, takes
from upsamp.cli.upsample_request import Request

EXAMPLES = """
upsamp upsample photo.png --size 4 --interp lanczos3
upsamp upsample photo.png --size 2 3 --interp bilinear -o wide.png
upsamp upsample photo.png --to 1920x --interp bicubic
upsamp upsample '1 2; 3 4' --size 2
upsamp upsample photos/ 'more/*.jpg' --recursive --size 2 --interp bicubic --out-dir large
cat photo.png | upsamp upsample - --size 1.5 --interp bilinear > large.png
upsamp upsample '[[1,2],[3,4]]' --format json
upsamp upsample photo.png --model espcn.keras -o large.png
upsamp upsample photo.png --size 3 --interp bicubic --preview
upsamp upsample photo.png --size 3 --sheet methods.png
upsamp upsample photo.png --size 3 --interp bicubic --compare
upsamp upsample '1 2; 3 4' --interp bilinear --explain
upsamp upsample '1 2; 3 4' --interp bilinear --animate steps.svg
upsamp upsample photo.png --size 3 --interp bicubic --html page.html
upsamp upsample small.png --size 2 --interp bicubic --reference large.png
upsamp upsample '1 2; 3 4' --interp bicubic --code torch
"""


@click.command("upsample", cls=Command, examples=EXAMPLES)
@takes(Request)
def command(request: Request) -> None:
    """Enlarge an image or a matrix, as Keras' UpSampling2D does; or many images.

    INPUT is an image file, a matrix file (.npy .npz .csv .tsv .txt .json, also packed as
    .gz), one array of several as FILE.npz:NAME, '-' for standard input, or a matrix such as
    '1 2; 3 4'. An image is written beside its file; a matrix is shown, and
    through a pipe flows on as rows that '-' reads back without loss.

    Several INPUTs are image files, folders, and patterns such as 'photos/**/*.jpg'. Of folders and
    patterns the images are taken, by their suffix, but no hidden files; links to files are
    followed, links to folders are not, and pipes and devices are passed over. A file that fails is
    told at the end, with code 1, and the others go on.
    """
    request.check()
    # Each mode is loaded when it is asked for.
    if request.many:
        from upsamp.cli.modes.many_files import enlarge_many as run
    elif request.html is not None:
        from upsamp.cli.html.upsample import write_upsampling_page as run
    elif request.explain:
        from upsamp.cli.modes.explain import explain_enlarging as run
    elif request.animate is not None:
        from upsamp.cli.modes.animate import animate_enlarging as run
    elif request.compare:
        from upsamp.cli.modes.code import compare_enlarging as run
    elif request.library is not None:
        from upsamp.cli.modes.code import translate_enlarging as run
    elif request.reference is not None:
        from upsamp.cli.modes.reference import measure_enlarging as run
    elif request.sheet is not None:
        from upsamp.cli.modes.sheet import draw_methods as run
    else:
        from upsamp.cli.modes.enlarge import enlarge_one as run
    with spelled_as_options():
        run(request)
