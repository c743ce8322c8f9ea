/* Separable interpolation: input rows are widened once each, in a ring of scratch rows, and output
   rows are weighted sums of them.

   What an axis reads stands in tables that repeat: output `begin` + k * `period` + p, for k below
   `rounds`, reads what output `begin` + p reads, k * `shift` inputs further on. The outputs of a
   phase p are sums of contiguous inputs (of every `shift`-th pixel, once those lie together), so
   that compilers vectorise them; then the phases are woven together. An input whose weight is zero
   is not in the tables and is never read.

   Integers are exact. Each output is a whole number divided by the product of its axes' totals,
   rounded half to even by whole numbers; or, where these would not fit, it is a sum in floating
   point that is known to be off by less than a margin. What lies nearer to a half than that is
   computed anew in float64, and what that cannot tell is left to the caller, as a list. */

#include "kernels.h"

#define MAX_TAPS 16
#define BLOCK 256 /* outputs that are marked together as near to a half, or summed in pieces */

typedef struct {
  ptrdiff_t begin, period, rounds, shift;
  ptrdiff_t taps;           /* the width of the tables */
  const int32_t *counts;    /* how many inputs each output reads */
  const int32_t *inputs;    /* (outputs, taps) */
  const int32_t *totals;    /* by what the sums of each output are divided, for whole numbers */
  const void *weights;      /* (outputs, taps), of the type of the kernel */
  const double *fractions;  /* (outputs, taps) */
} Axis;

typedef struct {
  Axis rows, columns;
  const char *source; /* input row `top`; `source_step` bytes from row to row */
  ptrdiff_t top, source_step;
  char *target; /* output row `first` */
  ptrdiff_t target_step;
  ptrdiff_t width, wide, channels; /* pixels of an input row, and of an output row */
  ptrdiff_t first, begin, stop;    /* the output rows from `begin` to before `stop` are made */
  ptrdiff_t phased;                /* whether the columns are made by phases */
  char *scratch;
  ptrdiff_t slots, row_size, middle_size, plane_size, phase_size; /* elements of its parts */
  ptrdiff_t offset;                /* what widened whole numbers are kept less of */
  ptrdiff_t common, left, right;   /* the total of the columns from left to before right */
  double limit;                    /* how far from a whole number no sum is in doubt */
  double margin;                   /* how near to a half a sum in float64 is in doubt */
  ptrdiff_t ties;                  /* whether all such sums are halves */
  int64_t *doubts;                 /* the flat positions of outputs that are left to the caller */
  ptrdiff_t room, found;
} Job;

/* Return the entry of an output in the tables of its axis, and how many inputs further on it
   reads. */
INLINE ptrdiff_t entry_of(const Axis *axis, ptrdiff_t output, ptrdiff_t *moved) {
  ptrdiff_t round = 0;
  if (axis->rounds > 1 && output >= axis->begin) {
    round = (output - axis->begin) / axis->period;
    if (round >= axis->rounds) round = axis->rounds - 1;
  }
  *moved = round * axis->shift;
  return output - round * axis->period;
}

/* --- pixels, woven together of several lines, and apart to several lines --- */

#define ANY __attribute__((may_alias, aligned(1)))
typedef uint8_t ANY any8;
typedef uint16_t ANY any16;
typedef uint32_t ANY any32;
typedef uint64_t ANY any64;

#define EACH(LINES, BODY)                 \
  for (ptrdiff_t i = 0; i < count; i++)   \
    for (ptrdiff_t k = 0; k < LINES; k++) { BODY }
/* Of 2, 3 and 4 lines compilers know how to shuffle vectors. */
#define BY_LINES(BODY)                    \
  switch (lines) {                        \
    case 2: EACH(2, BODY) break;          \
    case 3: EACH(3, BODY) break;          \
    case 4: EACH(4, BODY) break;          \
    default: EACH(lines, BODY)            \
  }
/* Pixels of 3 elements are copied with the first one of the next, which is overwritten after. */
#define BY_SIZE(WHOLE, COPY)              \
  switch (size) {                         \
    case 1: WHOLE(any8) break;            \
    case 2: WHOLE(any16) break;           \
    case 4: WHOLE(any32) break;           \
    case 8: WHOLE(any64) break;           \
    case 3: COPY(4) break;                \
    case 6: COPY(8) break;                \
    case 12: COPY(16) break;              \
    case 16: COPY(16) break;              \
    case 24: COPY(24) break;              \
    case 32: COPY(32) break;              \
    default: COPY(size)                   \
  }

/* Take a pixel of `size` bytes of each of the lines, which are `step` bytes apart, in turn. */
static void weave(char *restrict target, const char *restrict source, ptrdiff_t step,
                  ptrdiff_t lines, ptrdiff_t count, ptrdiff_t size) {
#define WHOLE(TYPE)                                                                          \
  BY_LINES(((TYPE *)target)[i * lines + k] = ((const TYPE *)(source + k * step))[i];)
#define COPY(BYTES) \
  EACH(lines, memcpy(target + (i * lines + k) * size, source + k * step + i * size, BYTES);)
  BY_SIZE(WHOLE, COPY)
#undef WHOLE
#undef COPY
}

/* Do the reverse. Nothing behind the last pixel is read, nor all lines of the last `count`. */
static void part(char *restrict target, const char *restrict source, ptrdiff_t step,
                 ptrdiff_t lines, ptrdiff_t pixels, ptrdiff_t size) {
  ptrdiff_t count = (pixels - 1) / lines;
#define WHOLE(TYPE)                                                                          \
  BY_LINES(((TYPE *)(target + k * step))[i] = ((const TYPE *)source)[i * lines + k];)
#define COPY(BYTES) \
  EACH(lines, memcpy(target + k * step + i * size, source + (i * lines + k) * size, BYTES);)
  BY_SIZE(WHOLE, COPY)
#undef WHOLE
#undef COPY
  for (ptrdiff_t i = count * lines; i < pixels; i++)
    memcpy(target + i % lines * step + i / lines * size, source + i * size, (size_t)size);
}

/* --- whole numbers divided, rounded half to even --- */

typedef struct {
  int32_t divisor, half, even; /* half: what is added before rounding down; even: or not */
  int32_t shift;               /* its power of two, or -1 */
  int32_t base;                /* what is added to each sum, as the rows are kept less of it */
  uint16_t factor, after;      /* 16 bits are divided by a product's upper half, shifted */
  float inverse;
} Divisor;

static Divisor divisor_of(ptrdiff_t divisor, ptrdiff_t base) {
  Divisor made = {(int32_t)divisor, (int32_t)(divisor - 1) / 2, divisor % 2 == 0, -1,
                  (int32_t)base, 0, 0, 1.0f / (float)divisor};
  int bits = 0;
  while (((ptrdiff_t)2 << bits) <= divisor) bits++;
  if ((ptrdiff_t)1 << bits == divisor) made.shift = bits;
  made.after = (uint16_t)bits;
  made.factor = (uint16_t)((((int64_t)65536 << bits) + divisor - 1) / divisor);
  return made;
}

/* Divide by any whole number, slowly. */
static int64_t divided(int64_t sum, int64_t divisor) {
  int64_t whole = sum / divisor, rest = sum % divisor;
  if (rest < 0) rest += divisor, whole--;
  return whole + (2 * rest + (whole & 1) > divisor);
}

INLINE int32_t bits_of(float value) {
  int32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

INLINE int64_t long_bits_of(double value) {
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* What is added to 1.5 * 2^23 is rounded half to even, and the last bits are the whole number. */
#define MAGIC 12582912.0f
#define LONG_MAGIC 6755399441055744.0

INLINE int32_t by_shift(int32_t sum, const Divisor *by) {
  sum += by->base;
  return (sum + by->half + ((sum >> by->shift) & 1)) >> by->shift;
}

/* The quotient in float32 is at most one off, which the rest tells. */
INLINE int32_t by_division(int32_t sum, const Divisor *by) {
  sum += by->base;
  int32_t whole = bits_of((float)sum * by->inverse + MAGIC) - 0x4B400000;
  int32_t rest = 2 * (sum - whole * by->divisor), odd = whole & 1;
  return whole + (rest + odd > by->divisor) - (odd - rest > by->divisor);
}

INLINE uint16_t short_by_shift(uint16_t sum, const Divisor *by) {
  uint16_t odd = (uint16_t)(sum >> by->shift) & 1;
  return (uint16_t)(sum + by->half + odd) >> by->shift;
}

/* A half has come to the next whole number: where that is odd, the one below is even. */
INLINE uint16_t short_by_division(uint16_t sum, const Divisor *by) {
  uint16_t up = (uint16_t)(sum + by->divisor / 2);
  uint16_t whole = (uint16_t)(((uint32_t)up * by->factor) >> 16) >> by->after;
  uint16_t rest = (uint16_t)(up - whole * by->divisor);
  return (uint16_t)(whole - ((rest == 0) & whole & by->even));
}

#define CLAMP(value, high) ((value) < 0 ? 0 : (value) > (high) ? (high) : (value))

/* --- the kernels: KIND, the types of inputs, of what is widened (MIDDLE), of widened rows and of
   weights; DIVIDED, where whole numbers are divided, or MARGIN, where sums are near to them --- */

#define HIGHEST_uint8_t 255
#define HIGHEST_uint16_t 65535

/* uint8 of few fractions, none negative: all in 16 bits. */
#define KIND short
#define INPUT uint8_t
#define MIDDLE uint8_t
#define ROW uint16_t
#define WEIGHT uint16_t
#define DIVIDED 16
#include "separable.h"

/* uint8 whose widened rows fit in 16 bits when an offset is taken away. */
#define KIND middle
#define INPUT uint8_t
#define MIDDLE uint8_t
#define ROW int16_t
#define WEIGHT int16_t
#define DIVIDED 32
#include "separable.h"

#define KIND long8
#define INPUT uint8_t
#define MIDDLE uint8_t
#define ROW int32_t
#define WEIGHT int32_t
#define DIVIDED 32
#include "separable.h"

#define KIND long16
#define INPUT uint16_t
#define MIDDLE uint16_t
#define ROW int32_t
#define WEIGHT int32_t
#define DIVIDED 32
#include "separable.h"

/* Integers in floating point, less their middle, as that makes sums smaller. */
#define KIND near8
#define INPUT uint8_t
#define MIDDLE float
#define ROW float
#define WEIGHT float
#define CENTRE 128
#define NEAREST(sum) ((sum) + MAGIC)
#define WHOLE_OF(nearest) (bits_of(nearest) - 0x4B400000)
#define BACK(nearest) ((nearest) - MAGIC)
#include "separable.h"

#define KIND near16
#define INPUT uint16_t
#define MIDDLE double
#define ROW double
#define WEIGHT double
#define CENTRE 32768
#define NEAREST(sum) ((sum) + LONG_MAGIC)
#define WHOLE_OF(nearest) ((int32_t)(long_bits_of(nearest) - 0x4338000000000000))
#define BACK(nearest) ((nearest) - LONG_MAGIC)
#include "separable.h"

#define KIND float32
#define INPUT float
#define MIDDLE float
#define ROW float
#define WEIGHT float
#include "separable.h"

#define KIND float64
#define INPUT double
#define MIDDLE double
#define ROW double
#define WEIGHT double
#include "separable.h"
