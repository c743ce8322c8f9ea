# ruff: noqa: T201 - a program of the tutorial prints what it does
"""Double the rows and columns of a 2x2 image by repeating them."""

from numpy import asarray

from upsamp import Sequential
from upsamp.layers import UpSampling2D

# one image of 2x2 pixels with one channel
image = asarray([[1, 2], [3, 4]])
print(image)
batch = image.reshape((1, 2, 2, 1))

model = Sequential()
model.add(UpSampling2D(input_shape=(2, 2, 1)))
model.summary()

enlarged = model.predict(batch)
print(enlarged.reshape((4, 4)))
