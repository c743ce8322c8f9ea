/* PNG's filters: the bytes of rows less what their neighbours let expect.

   Each byte of a row needs the plain ones beside it alone, so that the loops become vectors. */

#include "kernels.h"

enum { NONE, SUB, UP, AVERAGE, PAETH, KINDS };

/* What a filter leaves of byte i; before and above the row there are bytes of other pixels, or 0. */
INLINE uint8_t rest(int kind, const uint8_t *now, const uint8_t *above, ptrdiff_t step,
                    ptrdiff_t i) {
  uint8_t left = now[i - step], up = above[i], corner = above[i - step];
  if (kind == NONE) return now[i];
  if (kind == SUB) return now[i] - left;
  if (kind == UP) return now[i] - up;
  if (kind == AVERAGE) return now[i] - ((left & up) + ((left ^ up) >> 1));
  /* The distances of left + up - corner from each: the nearest is expected, of equals the first. */
  int16_t down = left - corner, right = up - corner, both = down + right;
  int16_t to_left = right < 0 ? -right : right, to_up = down < 0 ? -down : down;
  int16_t to_corner = both < 0 ? -both : both;
  uint8_t other = to_up <= to_corner ? up : corner;
  return now[i] - (uint8_t)(to_left <= to_up && to_left <= to_corner ? left : other);
}

/* Filter a row, or only sum over every so-manieth byte what is left, as numbers without a sign. */
INLINE uint32_t pass(int kind, const uint8_t *now, const uint8_t *above, ptrdiff_t step,
                     ptrdiff_t bytes, ptrdiff_t distance, uint8_t *target) {
  if (target) {
    for (ptrdiff_t i = 0; i < bytes; i++) target[i] = rest(kind, now, above, step, i);
    return 0;
  }
  uint32_t sum = 0;
  for (ptrdiff_t i = 0; i < bytes; i += distance) {
    uint8_t left_over = rest(kind, now, above, step, i), negative = -left_over;
    sum += left_over < negative ? left_over : negative;
  }
  return sum;
}

static uint32_t filter(int kind, const uint8_t *now, const uint8_t *above, ptrdiff_t step,
                       ptrdiff_t bytes, ptrdiff_t distance, uint8_t *target) {
#define CASE(KIND)                                                                                 \
  case KIND:                                                                                       \
    if (target) return pass(KIND, now, above, step, bytes, 1, target);                             \
    if (distance == 1) return pass(KIND, now, above, step, bytes, 1, NULL);                        \
    return pass(KIND, now, above, step, bytes, distance, NULL);
  switch (kind) {
    CASE(NONE)
    CASE(SUB)
    CASE(UP)
    CASE(AVERAGE)
    default: CASE(PAETH)
  }
}

/* Write each row after the number of the filter that leaves the least of those in `kinds`, which has
   a bit for each. margined: rows of `step` bytes of margin and `bytes` bytes, the first of them
   above the first that is filtered. target: rows of 1 + `bytes`. distance: of the bytes that are
   looked at to choose. */
void KERNEL(png_filter)(const uint8_t *margined, uint8_t *target, ptrdiff_t rows, ptrdiff_t bytes,
                        ptrdiff_t step, ptrdiff_t kinds, ptrdiff_t distance) {
  for (ptrdiff_t row = 0; row < rows; row++, target += 1 + bytes) {
    const uint8_t *above = margined + row * (step + bytes) + step, *now = above + step + bytes;
    int best = -1;
    uint32_t least = 0;
    for (int kind = 0; kind < KINDS; kind++) {
      if (!(kinds >> kind & 1)) continue;
      uint32_t sum = kinds >> kind == 1 && best < 0
                         ? 0 /* there is no other */
                         : filter(kind, now, above, step, bytes, distance, NULL);
      if (best < 0 || sum < least) best = kind, least = sum;
    }
    target[0] = best;
    filter(best, now, above, step, bytes, 1, target + 1);
  }
  CLEAR_VECTORS();
}
