"""HDF5 files: read in a process of their own, as they may be made to harm; written in this one.

The library that reads them is written in C, and some damaged files make it loop for ever. So no
file that comes from elsewhere is read in this process: `reading` starts a second Python, which runs
`process`, and ends it when it is late.
"""
