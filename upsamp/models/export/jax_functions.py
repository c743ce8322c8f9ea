"""Functions that programs of JAX define: a layer each, as JAX has none."""

from collections.abc import Mapping

from upsamp.models.export.program_parts import resize_functions

RESIZE = '''


def resize_{name}(x, size):
    """Resize images by weights of their rows and columns."""
    rows = {name}_weights(x.shape[1], size[0])
    columns = {name}_weights(x.shape[2], size[1])
    return jnp.einsum("rh,nhwc,sw->nrsc", rows, x, columns, precision="highest")
'''
FUNCTIONS: Mapping[str, str] = {
    **resize_functions(RESIZE),
    "below": '''
def below(weights, path):
    """Return the weights of a nested model by their names within it."""
    start = f"{path}/"
    names = [name for name in weights if name.startswith(start)]
    return {name.removeprefix(start): weights[name] for name in names}
''',
    "add_bias": '''
def add_bias(x, weights, name):
    """Add the bias of a layer, if it has one."""
    return x + weights[f"{name}/bias"] if f"{name}/bias" in weights else x
''',
    "dense": '''
def dense(x, weights, name):
    """Mix the last axis."""
    x = jnp.matmul(x, weights[f"{name}/kernel"], precision="highest")
    return add_bias(x, weights, name)
''',
    "convolve": '''
def convolve(x, kernel, strides=(1, 1), padding="VALID", dilation=(1, 1), groups=1):
    """Convolve images with a kernel (rows, columns, channels / groups, filters)."""
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        strides,
        padding,
        rhs_dilation=dilation,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
        precision="highest",
    )
''',
    "conv2d": '''
def conv2d(x, weights, name, **settings):
    """Convolve images."""
    x = convolve(x, weights[f"{name}/kernel"], **settings)
    return add_bias(x, weights, name)
''',
    "depthwise": '''
def depthwise(x, kernel, **settings):
    """Convolve each channel with kernels of its own."""
    rows, columns, channels, depth = kernel.shape
    kernel = kernel.reshape(rows, columns, 1, channels * depth)
    return convolve(x, kernel, groups=channels, **settings)
''',
    "depthwise_conv2d": '''
def depthwise_conv2d(x, weights, name, kernel="depthwise_kernel", **settings):
    """Convolve each channel by itself."""
    x = depthwise(x, weights[f"{name}/{kernel}"], **settings)
    return add_bias(x, weights, name)
''',
    "separable_conv2d": '''
def separable_conv2d(x, weights, name, **settings):
    """Convolve each channel by itself, then mix the channels."""
    x = depthwise(x, weights[f"{name}/depthwise_kernel"], **settings)
    x = convolve(x, weights[f"{name}/pointwise_kernel"])
    return add_bias(x, weights, name)
''',
    "conv2d_transpose": '''
def conv2d_transpose(x, weights, name, strides, padding, dilation=(1, 1), groups=1):
    """Convolve images transposed.

    padding: the zeros around the spread inputs, which are the length that the kernel
    covers, less 1, less what is cropped. The kernel, (rows, columns, filters / groups,
    channels), is turned around.
    """
    kernel = weights[f"{name}/kernel"][::-1, ::-1]
    rows, columns, filters, channels = kernel.shape
    kernel = kernel.reshape(rows, columns, filters, groups, channels // groups)
    kernel = kernel.transpose(0, 1, 4, 3, 2)
    x = jax.lax.conv_general_dilated(
        x,
        kernel.reshape(rows, columns, channels // groups, groups * filters),
        (1, 1),
        padding,
        lhs_dilation=strides,
        rhs_dilation=dilation,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
        precision="highest",
    )
    return add_bias(x, weights, name)
''',
    "batch_normalization": '''
def batch_normalization(x, weights, name, axis, epsilon):
    """Normalise by the statistics of the training."""
    shape = [1] * x.ndim
    shape[axis] = -1
    x = x - weights[f"{name}/moving_mean"].reshape(shape)
    x = x / jnp.sqrt(weights[f"{name}/moving_variance"].reshape(shape) + epsilon)
    return scale_and_shift(x, weights, name, shape)
''',
    "scale_and_shift": '''
def scale_and_shift(x, weights, name, shape):
    """Multiply by gamma and add beta, if there are any, in a shape that fits."""
    if f"{name}/gamma" in weights:
        x = x * weights[f"{name}/gamma"].reshape(shape)
    if f"{name}/beta" in weights:
        x = x + weights[f"{name}/beta"].reshape(shape)
    return x
''',
    "standardize": '''
def standardize(x, axes, epsilon):
    """Take off the mean along axes, and divide by the deviation."""
    x = x - x.mean(axes, keepdims=True)
    return x / jnp.sqrt(jnp.square(x).mean(axes, keepdims=True) + epsilon)
''',
    "batch_statistics": '''
def batch_statistics(x, weights, name, axis, epsilon):
    """Normalise by the statistics of the batch, as in training."""
    shape = [1] * x.ndim
    shape[axis] = -1
    axes = tuple(other for other in range(x.ndim) if other != axis)
    return scale_and_shift(standardize(x, axes, epsilon), weights, name, shape)
''',
    "layer_normalization": '''
def layer_normalization(x, weights, name, axes, epsilon):
    """Normalise each sample along axes."""
    shape = [n if axis in axes else 1 for axis, n in enumerate(x.shape)]
    return scale_and_shift(standardize(x, axes, epsilon), weights, name, shape)
''',
    "group_normalization": '''
def group_normalization(x, weights, name, axis, groups, epsilon):
    """Normalise each sample by groups of its channels."""
    channels = jnp.moveaxis(x, axis, 1)
    grouped = standardize(channels.reshape(len(x), groups, -1), (2,), epsilon)
    shape = [1] * x.ndim
    shape[axis] = -1
    x = jnp.moveaxis(grouped.reshape(channels.shape), 1, axis)
    return scale_and_shift(x, weights, name, shape)
''',
    "instance_normalization": '''
def instance_normalization(x, weights, name, axes, epsilon, by_deviation=False):
    """Normalise each channel of each sample along axes."""
    shape = [1 if axis in (0, *axes) else n for axis, n in enumerate(x.shape)]
    x = x - x.mean(axes, keepdims=True)
    variance = jnp.square(x).mean(axes, keepdims=True)
    if by_deviation:
        x = x / (jnp.sqrt(variance) + epsilon)
    else:
        x = x / jnp.sqrt(variance + epsilon)
    return scale_and_shift(x, weights, name, shape)
''',
    "normalization": '''
def normalization(x, weights, name, axes, invert=False):
    """Normalise by means and variances that were found in data."""
    shape = [n if axis in axes else 1 for axis, n in enumerate(x.shape)]
    mean = weights[f"{name}/mean"].reshape(shape)
    deviation = jnp.maximum(jnp.sqrt(weights[f"{name}/variance"].reshape(shape)), 1e-7)
    return mean + x * deviation if invert else (x - mean) / deviation
''',
    "unit_normalization": '''
def unit_normalization(x, axes):
    """Divide by the length along axes."""
    length = jnp.sqrt(jnp.square(x).sum(axes, keepdims=True))
    return x / jnp.maximum(length, 1e-12)
''',
    "prelu": '''
def prelu(x, weights, name):
    """Return x where it is positive, and a slope of it elsewhere."""
    return jnp.maximum(x, 0) + weights[f"{name}/alpha"] * jnp.minimum(x, 0)
''',
    "rectify": '''
def rectify(x, max_value=jnp.inf, negative_slope=0.0, threshold=0.0):
    """Return x above the threshold, and below it a slope; at most max_value."""
    kept = jnp.minimum(jnp.where(x > threshold, x, 0.0), max_value)
    return kept + negative_slope * jnp.minimum(x - threshold, 0.0)
''',
    "sparsemax": '''
def sparsemax(x, axis):
    """Return what Keras computes as sparsemax: its threshold sums all partial sums."""
    ordered = jnp.flip(jnp.sort(x, axis), axis)
    sums = jnp.cumsum(ordered, axis)
    kept = ordered - (sums - 1) / jnp.cumsum(jnp.ones_like(x), axis) > 0
    total = jnp.where(kept, sums, 0).sum(axis, keepdims=True)
    count = jnp.maximum(kept.sum(axis, keepdims=True), 1)
    return jax.nn.relu(x - (total - 1) / count)
''',
    "copy_nearest": '''
def copy_nearest(x, size):
    """Copy the pixel that holds the centre of each output, found in whole numbers."""
    (rows, columns), (height, width) = size, x.shape[1:3]
    row = (2 * np.arange(rows) + 1) * height // (2 * rows)
    column = (2 * np.arange(columns) + 1) * width // (2 * columns)
    return x[:, row][:, :, column]
''',
    "resize": '''
def resize(x, size, method):
    """Resize images."""
    shape = (len(x), *size, x.shape[3])
    return jax.image.resize(x, shape, method, antialias=False, precision="highest")
''',
    "pixel_shuffle": '''
def pixel_shuffle(x, block, order):
    """Lay out channels as pixels: the block first of what they number, or the depth."""
    images, height, width, channels = x.shape
    depth = channels // block**2
    if order == "crd":
        x = x.reshape(images, height, width, depth, block, block)
        x = x.transpose(0, 1, 4, 2, 5, 3)
    else:
        x = x.reshape(images, height, width, block, block, depth)
        x = x.transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(images, height * block, width * block, depth)
''',
    "pixel_unshuffle": '''
def pixel_unshuffle(x, block, order):
    """Lay out pixels as channels: the block first of what they number, or the depth."""
    images, height, width, channels = x.shape
    x = x.reshape(images, height // block, block, width // block, block, channels)
    x = x.transpose((0, 1, 3, 5, 2, 4) if order == "crd" else (0, 1, 3, 2, 4, 5))
    return x.reshape(images, height // block, width // block, -1)
''',
    "max_pool": '''
def max_pool(x, window, strides, padding):
    """Return the largest value of each window."""
    window, strides = (1, *window, 1), (1, *strides, 1)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, padding)
''',
    "average_pool": '''
def average_pool(x, window, strides, padding):
    """Return the mean of each window, of the values that exist."""
    window, strides = (1, *window, 1), (1, *strides, 1)
    sums, counts = (
        jax.lax.reduce_window(one, 0.0, jax.lax.add, window, strides, padding)
        for one in (x, jnp.ones_like(x[:1, :, :, :1]))
    )
    return sums / counts
''',
}
# What other functions call, and so must be before them.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "dense": ("add_bias",),
    "conv2d": ("add_bias", "convolve"),
    "depthwise_conv2d": ("add_bias", "convolve", "depthwise"),
    "separable_conv2d": ("add_bias", "convolve", "depthwise"),
    "conv2d_transpose": ("add_bias",),
    "batch_normalization": ("scale_and_shift",),
    "batch_statistics": ("scale_and_shift", "standardize"),
    "layer_normalization": ("scale_and_shift", "standardize"),
    "group_normalization": ("scale_and_shift", "standardize"),
    "instance_normalization": ("scale_and_shift",),
}
