# ruff: noqa: T201 - a program of the tutorial prints what it does
"""See where a stride of 2 puts the pixels of a 2x2 image, with a kernel of one 1."""

from numpy import asarray

from upsamp import Sequential
from upsamp.layers import Conv2DTranspose

image = asarray([[1, 2], [3, 4]])
print(image)
batch = image.reshape((1, 2, 2, 1))

model = Sequential()
model.add(Conv2DTranspose(1, (1, 1), strides=(2, 2), input_shape=(2, 2, 1)))
model.summary()

# a kernel that changes nothing, and no bias
kernel = asarray([[[[1]]]])
bias = asarray([0])
model.set_weights([kernel, bias])

enlarged = model.predict(batch)
print(enlarged.reshape((4, 4)))
