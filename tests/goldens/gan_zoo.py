"""The GANs of model_zoo.py: those of tutorials, and models with every layer and every nesting."""

from typing import Any

BIASED = {"padding": "same"}
PLAIN = {"padding": "same", "use_bias": False}


def dcgan(keras: Any, width: int = 1, side: int = 4) -> Any:
    """TensorFlow's DCGAN tutorial: an image of 4 * side."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((10 * width,)),
            layers.Dense(side * side * 6 * width, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((side, side, 6 * width)),
            layers.Conv2DTranspose(5 * width, (5, 5), strides=(1, 1), **PLAIN),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(4 * width, (5, 5), strides=(2, 2), **PLAIN),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(3, (5, 5), strides=(2, 2), activation="tanh", **PLAIN),
        ]
    )


def upsampling_generator(keras: Any, width: int = 1, side: int = 4) -> Any:
    """A generator of UpSampling2D and Conv2D: an image of 4 * side."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12 * width,)),
            layers.Dense(side * side * 6 * width),
            layers.LeakyReLU(0.2),
            layers.Reshape((side, side, 6 * width)),
            layers.UpSampling2D(),
            layers.Conv2D(5 * width, kernel_size=3, **BIASED),
            layers.BatchNormalization(momentum=0.8),
            layers.Dropout(0.25),
            layers.Activation("relu"),
            layers.UpSampling2D(size=(2, 2), interpolation="bilinear"),
            layers.Conv2D(4 * width, kernel_size=3, **BIASED),
            layers.BatchNormalization(momentum=0.8, scale=False),
            layers.Activation("relu"),
            layers.Conv2D(1, kernel_size=3, **BIASED),
            layers.Activation("tanh"),
        ],
        name="generator",
    )


def conditional_gan(keras: Any, width: int = 1, side: int = 4) -> Any:
    """A label becomes one more channel: the inputs are the label, then the latent vector."""
    layers = keras.layers
    in_label = keras.Input(shape=(1,))
    label = layers.Embedding(10, 6 * width)(in_label)
    label = layers.Dense(side * side)(label)
    label = layers.Reshape((side, side, 1))(label)
    in_latent = keras.Input(shape=(10 * width,))
    image = layers.Dense(6 * width * side * side)(in_latent)
    image = layers.LeakyReLU(0.2)(image)
    image = layers.Reshape((side, side, 6 * width))(image)
    merged = layers.Concatenate()([image, label])
    for _ in range(2):
        merged = layers.Conv2DTranspose(5 * width, (4, 4), strides=(2, 2), **BIASED)(merged)
        merged = layers.LeakyReLU(0.2)(merged)
    output = layers.Conv2D(1, (7, 7), activation="tanh", padding="same")(merged)
    return keras.Model([in_latent, in_label], output)


def conditional_gan_multiply(keras: Any, width: int = 1, side: int = 4) -> Any:
    """A label scales the latent vector, and the generator is a Sequential inside."""
    layers = keras.layers
    generator = keras.Sequential(name="body")
    generator.add(keras.Input((8 * width,)))
    generator.add(layers.Dense(4 * width * side * side, activation="relu"))
    generator.add(layers.Reshape((side, side, 4 * width)))
    generator.add(layers.BatchNormalization(momentum=0.8))
    generator.add(layers.UpSampling2D())
    generator.add(layers.Conv2D(1, 3, padding="same", activation="sigmoid"))
    noise = keras.Input(shape=(8 * width,), name="noise")
    label = keras.Input(shape=(1,), dtype="int32", name="label")
    embedded = layers.Flatten()(layers.Embedding(10, 8 * width)(label))
    return keras.Model([noise, label], generator(layers.multiply([noise, embedded])))


def conditional_gan_one_hot(keras: Any, width: int = 1, side: int = 4) -> Any:
    """A label of ten numbers is joined to the latent vector; the inputs go by name."""
    layers = keras.layers
    inputs = {
        "latent": keras.Input(shape=(6 * width,), name="latent"),
        "one_hot": keras.Input(shape=(10,), name="one_hot"),
    }
    x = layers.Concatenate(axis=-1)([inputs["latent"], inputs["one_hot"]])
    x = layers.Dense(4 * width * side * side, activation="relu", name="stem")(x)
    x = layers.Reshape((side, side, 4 * width), name="to_map")(x)
    x = layers.Conv2DTranspose(2, 3, strides=2, activation="sigmoid", name="image", **BIASED)(x)
    return keras.Model(inputs, x, name="one_hot_generator")


def downsample(keras: Any, filters: int, size: int, normalised: bool = True) -> Any:
    """Halve a map, as TensorFlow's pix2pix tutorial does."""
    layers = keras.layers
    initializer = keras.initializers.RandomNormal(0.0, 0.02)
    model = keras.Sequential()
    model.add(
        layers.Conv2D(filters, size, strides=2, kernel_initializer=initializer, **PLAIN),
    )
    if normalised:
        model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())
    return model


def upsample(keras: Any, filters: int, size: int, dropout: bool = False) -> Any:
    """Double a map, as TensorFlow's pix2pix tutorial does."""
    layers = keras.layers
    initializer = keras.initializers.RandomNormal(0.0, 0.02)
    model = keras.Sequential()
    model.add(
        layers.Conv2DTranspose(filters, size, strides=2, kernel_initializer=initializer, **PLAIN),
    )
    model.add(layers.BatchNormalization())
    if dropout:
        model.add(layers.Dropout(0.5))
    model.add(layers.ReLU())
    return model


def pix2pix(keras: Any, width: int = 1, side: int = 16) -> Any:
    """TensorFlow's pix2pix tutorial: a U-Net down to one pixel; side is a power of two."""
    layers = keras.layers
    depth = side.bit_length() - 1
    filters = [width * min(2 + 2 * level, 6) for level in range(depth)]
    inputs = keras.Input(shape=[side, side, 3])
    x = inputs
    skips = []
    for level in range(depth):
        x = downsample(keras, filters[level], 4, normalised=level > 0)(x)
        skips.append(x)
    for level in range(depth - 2, -1, -1):
        x = upsample(keras, filters[level], 4, dropout=level > depth - 4)(x)
        x = layers.Concatenate()([x, skips[level]])
    initializer = keras.initializers.RandomNormal(0.0, 0.02)
    last = layers.Conv2DTranspose(
        3, 4, strides=2, kernel_initializer=initializer, activation="tanh", **BIASED
    )
    return keras.Model(inputs=inputs, outputs=last(x))


def upsample_block(keras: Any, x: Any, filters: int, activation: Any, **more: Any) -> Any:
    """One block of Keras' WGAN-GP example."""
    layers = keras.layers
    x = layers.UpSampling2D((2, 2))(x)
    x = layers.Conv2D(filters, (3, 3), strides=(1, 1), **PLAIN)(x)
    if more.get("use_bn", True):
        x = layers.BatchNormalization()(x)
    return activation(x)


def wgan_gp(keras: Any, width: int = 1) -> Any:
    """Keras' WGAN-GP example: 28x28, cropped out of 32x32."""
    layers = keras.layers
    noise = keras.Input(shape=(8 * width,))
    x = layers.Dense(4 * 4 * 8 * width, use_bias=False)(noise)
    x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU(0.2)(x)
    x = layers.Reshape((4, 4, 8 * width))(x)
    x = upsample_block(keras, x, 6 * width, layers.LeakyReLU(0.2))
    x = upsample_block(keras, x, 4 * width, layers.LeakyReLU(0.2))
    x = upsample_block(keras, x, 1, layers.Activation("tanh"))
    x = layers.Cropping2D((2, 2))(x)
    return keras.Model(noise, x, name="generator")


def srgan(keras: Any, width: int = 1, blocks: int = 2, side: int | None = None) -> Any:
    """Residual super-resolution by 4, bytes in and bytes' range out, for a map of any size."""
    layers = keras.layers
    image = keras.Input((side, side, 3))
    x = layers.Rescaling(1 / 255)(image)
    x = first = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(3 * width, 9, **BIASED)(x))
    for _ in range(blocks):
        y = layers.Conv2D(3 * width, 3, **BIASED)(x)
        y = layers.BatchNormalization(momentum=0.5)(y)
        y = layers.PReLU(shared_axes=[1, 2])(y)
        y = layers.Conv2D(3 * width, 3, **BIASED)(y)
        y = layers.BatchNormalization(momentum=0.5)(y)
        x = layers.Add()([y, x])
    x = layers.add([x, first])
    for _ in range(2):
        x = layers.Conv2D(4 * width, 3, **BIASED)(x)
        x = layers.UpSampling2D(size=2)(x)
        x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.Conv2D(3, 9, activation="tanh", **BIASED)(x)
    return keras.Model(image, layers.Rescaling(scale=127.5, offset=127.5)(x))


def nested(keras: Any, width: int = 1) -> Any:
    """A Functional in a Sequential in a Functional in a Sequential."""
    layers = keras.layers
    inner_input = keras.Input((4, 4, 2))
    inner = layers.Conv2DTranspose(2, 3, strides=2, **BIASED)(inner_input)
    resized = layers.UpSampling2D(2, interpolation="bilinear")(inner_input)
    core = keras.Model(inner_input, layers.Add()([inner, resized]), name="core")
    tail = layers.Conv2D(2, 3, padding="same", activation="relu")
    sequence = keras.Sequential([core, layers.BatchNormalization(), tail], name="sequence")
    outer_input = keras.Input((4, 4, 2))
    x = layers.Concatenate()([sequence(outer_input), layers.UpSampling2D()(outer_input)])
    outer = keras.Model(outer_input, x, name="outer")
    stem = layers.Dense(32, activation="tanh")
    last = layers.Conv2D(1, 1, activation="sigmoid")
    return keras.Sequential(
        [keras.Input((5 * width,)), stem, layers.Reshape((4, 4, 2)), outer, last]
    )


def shared(keras: Any, width: int = 1) -> Any:
    """One layer and one model called twice, and three outputs."""
    layers = keras.layers
    left, right = (keras.Input((6, 6, 2), name=name) for name in ("left", "right"))
    convolution = layers.Conv2D(3 * width, 3, padding="same", activation="relu", name="siamese")
    tower = keras.Sequential(
        [
            keras.Input((6, 6, 3 * width)),
            layers.Conv2DTranspose(2, 4, strides=2, **BIASED),
            layers.BatchNormalization(),
        ],
        name="tower",
    )
    maps = [tower(convolution(side)) for side in (left, right)]
    difference = layers.Subtract(name="difference")(maps)
    pooled = layers.GlobalAveragePooling2D(name="pooled")(maps[1])
    score = layers.Dense(1, activation="sigmoid", name="score")(pooled)
    return keras.Model([left, right], [difference, maps[0], score])


def merged_maps(keras: Any, x: Any) -> Any:
    """Join maps of one size in every way there is."""
    layers = keras.layers
    depthwise = layers.DepthwiseConv2D(3, depth_multiplier=1, padding="same")(x)
    separable = layers.SeparableConv2D(4, 3, padding="same", activation=keras.activations.gelu)(x)
    first = layers.Multiply()([depthwise, separable])
    second = layers.Subtract()([x, first])
    third = layers.Average()([second, depthwise, x])
    fourth = layers.Maximum()([third, separable])
    return layers.Minimum()([fourth, layers.ReLU(3.0, 0.25, 0.125)(x)])


def every_layer(keras: Any, width: int = 1) -> Any:
    """Every layer that the other models have not, with objects where names would do."""
    layers = keras.layers
    image = keras.Input((8, 8, 2 * width), name="image")
    x = layers.GaussianNoise(0.1)(layers.Rescaling(0.5, offset=-0.25)(image))
    x = layers.Conv2D(
        4,
        (3, 2),
        dilation_rate=(1, 2),
        activation=layers.LeakyReLU(0.1),
        kernel_initializer=keras.initializers.HeNormal(seed=3),
        bias_initializer=keras.initializers.Constant(0.5),
        kernel_regularizer=keras.regularizers.L2(0.001),
        kernel_constraint=keras.constraints.MaxNorm(2.0),
        **BIASED,
    )(x)
    x = layers.SpatialDropout2D(0.2)(layers.LayerNormalization()(x))
    x = layers.GroupNormalization(groups=2)(merged_maps(keras, x))
    x = layers.ZeroPadding2D(((1, 2), (2, 1)))(layers.ELU(alpha=0.5)(x))
    x = layers.Cropping2D(((0, 1), (1, 0)))(x)
    wide = layers.Resizing(12, 10)(x)
    pooled = layers.MaxPooling2D(3, strides=2, padding="same")(wide)
    pooled = layers.Concatenate(axis=1)([pooled, layers.AveragePooling2D((2, 2))(wide)])
    pooled = layers.Conv2D(6, 3, groups=2, strides=(2, 1), activation="softplus")(pooled)
    vectors = [layers.GlobalAveragePooling2D()(pooled), layers.GlobalMaxPooling2D()(pooled)]
    vector = layers.Dense(5, activation=keras.activations.elu)(layers.concatenate(vectors))
    rows = layers.Permute((2, 1))(layers.RepeatVector(3)(vector))
    flat = layers.Flatten()(layers.Softmax(axis=1)(rows))
    return keras.Model(image, [layers.Activation("swish")(pooled), flat], name="every_layer")
