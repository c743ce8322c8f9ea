/* What every kernel shares.

   Each file is compiled once for each instruction set, and SET ends the names of its functions:
   KERNEL(copy) is copy_base, copy_v3, ... Nothing here knows of Python. Sizes and bounds are checked
   before a pointer is passed; strides are in bytes. */

#ifndef UPSAMP_KERNELS_H
#define UPSAMP_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef SET
#define SET base
#endif
#define JOINED(name, set) name##_##set
#define NAMED(name, set) JOINED(name, set)

#if defined(_WIN32)
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif
#define KERNEL(name) PUBLIC NAMED(name, SET)

/* What a kernel that computes with vectors ends with. GCC clears the upper halves of registers where a
   function uses some, yet not on every way out (12.2 with AVX-512); SSE code of other libraries,
   such as OpenCV's, then runs at a third of its speed. */
#if defined(__AVX__)
#define CLEAR_VECTORS() __builtin_ia32_vzeroupper()
#else
#define CLEAR_VECTORS() ((void)0)
#endif

#define INLINE static inline __attribute__((always_inline))

#endif
