/* Copies of pixels, of any size in bytes: upsampling by the nearest input.

   A row is widened once, and copied to the rows below it that have the same input. Nothing beside a
   row is read or written: the last pixels are moved exactly where others are moved by wider steps. */

#include "kernels.h"

#if defined(__SSSE3__)
#include <tmmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { BLOCK = 16 };

/* Unaligned numbers of so many bytes. */
typedef uint8_t bytes1;
typedef uint16_t __attribute__((aligned(1), may_alias)) bytes2;
typedef uint32_t __attribute__((aligned(1), may_alias)) bytes4;
typedef uint64_t __attribute__((aligned(1), may_alias)) bytes8;

/* Where the pixels of a row come from. table: of each of the `count` pixels of `size` bytes, in bytes
   from the beginning of the source's row, which has `end` bytes, and then it ascends; or 0, where
   pixels are not contiguous. starts, masks: of each whole block of bytes the place of 16 bytes, and
   which of them each byte is; or NULL. */
typedef struct {
  ptrdiff_t count, size, end;
  const ptrdiff_t *table, *starts;
  const uint8_t *masks;
} Row;

/* Every pixel of a row `factor` times, which is a constant, so that the compiler makes vectors. */
#define REPEAT(TYPE)                                                                               \
  INLINE void repeat_##TYPE(const uint8_t *source, uint8_t *target, ptrdiff_t count,               \
                            ptrdiff_t factor) {                                                    \
    const TYPE *restrict from = (const TYPE *)source;                                              \
    TYPE *restrict to = (TYPE *)target;                                                            \
    for (ptrdiff_t i = 0; i < count; i++)                                                          \
      for (ptrdiff_t k = 0; k < factor; k++) to[i * factor + k] = from[i];                         \
  }
REPEAT(bytes1)
REPEAT(bytes2)
REPEAT(bytes4)
REPEAT(bytes8)

static int repeat(const uint8_t *source, uint8_t *target, const Row *row, ptrdiff_t factor) {
#define REPEATED(SIZE, FACTOR)                                                                     \
  case 16 * SIZE + FACTOR:                                                                         \
    repeat_bytes##SIZE(source, target, row->count / FACTOR, FACTOR);                               \
    return 1;
#define REPEATED_BY_FEW(SIZE) REPEATED(SIZE, 2) REPEATED(SIZE, 3) REPEATED(SIZE, 4)
  if (row->size > 8 || factor > 4) return 0;
  switch (16 * row->size + factor) {
    REPEATED_BY_FEW(1)
    REPEATED_BY_FEW(2)
    REPEATED_BY_FEW(4)
    REPEATED_BY_FEW(8)
    default: return 0;
  }
}

/* Each pixel for itself. Those of 3 bytes are moved as 4, the last of which the next one overwrites. */
INLINE void gather_from(ptrdiff_t first, const uint8_t *source, uint8_t *target, const Row *row,
                        ptrdiff_t size, ptrdiff_t wide) {
  const ptrdiff_t *table = row->table;
  ptrdiff_t i = first, whole = wide == size || row->end ? row->count : 0;
  if (wide > size)
    while (whole && (whole == row->count || table[whole - 1] + wide > row->end)) whole--;
  for (; i < whole; i++) memcpy(target + i * size, source + table[i], wide);
  for (; i < row->count; i++) memcpy(target + i * size, source + table[i], size);
}

static void gather(ptrdiff_t first, const uint8_t *source, uint8_t *target, const Row *row) {
  switch (row->size) {
    case 1: gather_from(first, source, target, row, 1, 1); break;
    case 2: gather_from(first, source, target, row, 2, 2); break;
    case 3: gather_from(first, source, target, row, 3, 4); break;
    case 4: gather_from(first, source, target, row, 4, 4); break;
    case 6: gather_from(first, source, target, row, 6, 8); break;
    case 8: gather_from(first, source, target, row, 8, 8); break;
    case 12: gather_from(first, source, target, row, 12, 16); break;
    case 16: gather_from(first, source, target, row, 16, 16); break;
    default: gather_from(first, source, target, row, row->size, row->size);
  }
}

static void widen(const uint8_t *source, uint8_t *target, const Row *row, ptrdiff_t factor) {
  if (repeat(source, target, row, factor)) return;
  ptrdiff_t whole = 0;
#if defined(__SSSE3__) || defined(__aarch64__)
  /* Sixteen bytes at a time, out of sixteen of the source: small pixels at any ratio. */
  if (row->masks) {
    ptrdiff_t blocks = row->count * row->size / BLOCK;
    for (ptrdiff_t i = 0; i < blocks; i++) {
      const uint8_t *from = source + row->starts[i], *mask = row->masks + BLOCK * i;
#if defined(__SSSE3__)
      __m128i bytes = _mm_loadu_si128((const __m128i *)from);
      bytes = _mm_shuffle_epi8(bytes, _mm_loadu_si128((const __m128i *)mask));
      _mm_storeu_si128((__m128i *)(target + BLOCK * i), bytes);
#else
      vst1q_u8(target + BLOCK * i, vqtbl1q_u8(vld1q_u8(from), vld1q_u8(mask)));
#endif
    }
    whole = BLOCK * blocks / row->size;
  }
#endif
  gather(whole, source, target, row);
}

/* Fill rows `first` to `last` of the target, which are counted through all images, `rows` to each.

   Row i of an image copies the row (up * i + plus) / down of the source. factor: how often the pixels
   of a row are repeated, 0 where that differs. The others are strides; `table` has that of the
   source's pixels. */
void KERNEL(nearest)(const uint8_t *source, uint8_t *target, ptrdiff_t first, ptrdiff_t last,
                     ptrdiff_t rows, ptrdiff_t up, ptrdiff_t plus, ptrdiff_t down, ptrdiff_t factor,
                     ptrdiff_t count, ptrdiff_t size, ptrdiff_t end, const ptrdiff_t *table,
                     const ptrdiff_t *starts, const uint8_t *masks, ptrdiff_t target_pixel,
                     ptrdiff_t source_image, ptrdiff_t source_row, ptrdiff_t target_image,
                     ptrdiff_t target_row) {
  const Row row = {count, size, end, table, starts, masks};
  const uint8_t *widened_from = NULL;
  uint8_t *widened = NULL;
  for (ptrdiff_t number = first; number < last; number++) {
    ptrdiff_t image = number / rows, line = number % rows;
    const uint8_t *from = source + image * source_image + (up * line + plus) / down * source_row;
    uint8_t *to = target + image * target_image + line * target_row;
    if (target_pixel != size)
      for (ptrdiff_t i = 0; i < count; i++) memcpy(to + i * target_pixel, from + table[i], size);
    else if (from == widened_from)
      memcpy(to, widened, count * size);
    else
      widen(widened_from = from, widened = to, &row, factor);
  }
  CLEAR_VECTORS();
}
