"""Show a generator that turns 100 random numbers into a 10x10 image with UpSampling2D."""

from upsamp import Sequential
from upsamp.layers import Conv2D, Dense, Reshape, UpSampling2D

model = Sequential()
# 128 small versions of the image
model.add(Dense(128 * 5 * 5, input_dim=100))
model.add(Reshape((5, 5, 128)))
# twice the rows and columns, and then the detail
model.add(UpSampling2D())
model.add(Conv2D(1, (3, 3), padding="same"))
model.summary()
