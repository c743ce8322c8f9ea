"""Show a generator that turns 100 random numbers into a 10x10 image with Conv2DTranspose."""

from upsamp import Sequential
from upsamp.layers import Conv2DTranspose, Dense, Reshape

model = Sequential()
# 128 small versions of the image
model.add(Dense(128 * 5 * 5, input_dim=100))
model.add(Reshape((5, 5, 128)))
# twice the rows and columns, and the detail at once
model.add(Conv2DTranspose(1, (3, 3), strides=(2, 2), padding="same"))
model.summary()
