"""Functions that programs of PyTorch define where PyTorch has none that does the same."""

from collections.abc import Mapping

from upsamp.models.export.program_parts import resize_functions

RESIZE = '''


def resize_{name}(x, size):
    """Resize images by weights of their rows and columns."""
    rows = {name}_weights(x.shape[2], size[0])
    columns = {name}_weights(x.shape[3], size[1])
    return torch.from_numpy(rows) @ x @ torch.from_numpy(columns.T)
'''

FUNCTIONS: Mapping[str, str] = {
    **resize_functions(RESIZE),
    "pad_same": '''
def pad_same(x, span, strides, value=0.0):
    """Pad images as TensorFlow does: the odd row or column comes after them."""
    sizes = zip(x.shape[2:], span, strides)
    rows, columns = (max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in sizes)
    top, left = rows // 2, columns // 2
    return F.pad(x, (left, columns - left, top, rows - top), value=value)
''',
    "average_same": '''
def average_same(x, window, strides):
    """Return the mean of each window, of the values that exist."""
    ones = torch.ones_like(x[:1, :1])
    sums = F.avg_pool2d(pad_same(x, window, strides), window, strides)
    return sums / F.avg_pool2d(pad_same(ones, window, strides), window, strides)
''',
    "rectify": '''
def rectify(x, max_value=float("inf"), negative_slope=0.0, threshold=0.0):
    """Return x above the threshold, and below it a slope; at most max_value."""
    kept = torch.where(x > threshold, x, 0.0).clamp(max=max_value)
    return kept + negative_slope * (x - threshold).clamp(max=0.0)
''',
    "softmax": '''
def softmax(x, dims):
    """Return the softmax along several axes."""
    powers = torch.exp(x - x.amax(dims, keepdim=True))
    return powers / powers.sum(dims, keepdim=True)
''',
    "sparsemax": '''
def sparsemax(x, dim):
    """Return what Keras computes as sparsemax: its threshold sums all partial sums."""
    ordered = x.sort(dim, descending=True).values
    sums = ordered.cumsum(dim)
    counts = torch.ones_like(x).cumsum(dim)
    kept = ordered - (sums - 1) / counts > 0
    total = torch.where(kept, sums, 0.0).sum(dim, keepdim=True)
    return F.relu(x - (total - 1) / kept.sum(dim, keepdim=True).clamp(min=1))
''',
    "standardize": '''
def standardize(x, dims, epsilon):
    """Take off the mean along axes, and divide by the deviation."""
    variance, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon)
''',
    "standardize_by_deviation": '''
def standardize_by_deviation(x, dims, epsilon):
    """Take off the mean along axes, and divide by the deviation and epsilon."""
    deviation, mean = torch.std_mean(x, dims, correction=0, keepdim=True)
    return (x - mean) / (deviation + epsilon)
''',
    "mirror": '''
def mirror(x, pairs, mode):
    """Put what lies within before and after each axis, as NumPy does in that mode."""
    for axis, pair in enumerate(pairs):
        places = np.pad(np.arange(x.shape[axis]), pair, mode=mode)
        x = x.index_select(axis, torch.from_numpy(places))
    return x
''',
    "pixel_unshuffle": '''
def pixel_unshuffle(x, block):
    """Lay out pixels as channels, as TensorFlow's space_to_depth does."""
    images, channels, height, width = x.shape
    x = x.reshape(images, channels, height // block, block, width // block, block)
    x = x.permute(0, 3, 5, 1, 2, 4)
    return x.reshape(images, -1, height // block, width // block)
''',
    "pixel_shuffle": '''
def pixel_shuffle(x, block):
    """Lay out channels as pixels, as TensorFlow's depth_to_space does."""
    images, channels, height, width = x.shape
    depth = channels // block**2
    x = x.reshape(images, block, block, depth, height, width)
    x = x.permute(0, 3, 4, 1, 5, 2)
    return x.reshape(images, depth, height * block, width * block)
''',
    "copy_nearest": '''
def copy_nearest(x, size):
    """Copy the pixel that holds the centre of each output, found in whole numbers."""
    (rows, columns), (height, width) = size, x.shape[2:]
    row = (2 * torch.arange(rows) + 1) * height // (2 * rows)
    column = (2 * torch.arange(columns) + 1) * width // (2 * columns)
    return x[:, :, row][:, :, :, column]
''',
}
# What other functions call, and so must be before them.
NEEDS: Mapping[str, tuple[str, ...]] = {"average_same": ("pad_same",)}
