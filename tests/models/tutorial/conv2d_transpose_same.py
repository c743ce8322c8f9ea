# ruff: noqa: T201 - a program of the tutorial prints what it does
"""Double a 2x2 image exactly with a 3x3 kernel: padding="same" crops what is over."""

from numpy import asarray, ones

from upsamp import Sequential
from upsamp.layers import Conv2DTranspose

image = asarray([[1, 2], [3, 4]])
print(image)
batch = image.reshape((1, 2, 2, 1))

model = Sequential()
model.add(Conv2DTranspose(1, (3, 3), strides=(2, 2), padding="same", input_shape=(2, 2, 1)))
model.summary()

# every pixel adds itself to the 3x3 pixels around its new place
model.set_weights([ones((3, 3, 1, 1)), asarray([0])])

enlarged = model.predict(batch)
print(enlarged.reshape((4, 4)))
