/* Separable interpolation: input rows are widened once each, in a ring of scratch rows, and output
   rows are weighted sums of them.

   What an axis reads stands in tables that repeat: output `begin` + k * `period` + p, for k below
   `rounds`, reads what output `begin` + p reads, k * `shift` inputs further on. The outputs of a
   phase p are sums of contiguous inputs (of every `shift`-th pixel, once those lie together), so
   that compilers vectorise them; then the phases are woven together. An input whose weight is zero
   is not in the tables and is never read.

   Integers are exact. Each output is a whole number divided by the product of its axes' totals, and
   rounded half to even. Where 16 bits do not hold it, float32 comes near enough to round all but
   those that are near to a half, and these are divided as whole numbers. Where no whole numbers hold
   it, those are summed anew in float64, and what that cannot tell is left to the caller, as a
   list. */

#include "kernels.h"
#if defined(__AVX__)
#include <immintrin.h>
#endif

#define MAX_TAPS 16
#define MAX_PHASES 8
#define RUN 64     /* every so many-th element is noted together, if one is near to a half */
#define BLOCK 1024 /* elements that are made together where that is noted, or sums take long */

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
  ptrdiff_t slots, kept_size;      /* the rows of the ring, 2^n; bytes that tell which these are */
  ptrdiff_t row_size, middle_size, plane_size, phase_size; /* elements */
  ptrdiff_t common, left, right;   /* the total of the columns from left to before right */
  double span;                     /* the largest widened whole number */
  double limit;                    /* how far from a whole number no sum is in doubt */
  double margin;                   /* how near to a half a sum in float64 is in doubt */
  ptrdiff_t ties;                  /* whether all such sums are halves */
  int64_t *doubts;                 /* the flat positions of outputs that are left to the caller */
  ptrdiff_t room, found;
  ptrdiff_t streamed;              /* whether floats are written past the caches */
} Job;

/* Return the entry of an output in the tables of its axis, and how many inputs further on it
   reads. */
INLINE ptrdiff_t entry_of(const Axis *axis, ptrdiff_t output, ptrdiff_t *moved) {
  const ptrdiff_t last = axis->rounds - 1;
  ptrdiff_t round = 0;
  if (output >= axis->begin + last * axis->period) round = last;
  else if (output >= axis->begin) round = (output - axis->begin) / axis->period;
  *moved = round * axis->shift;
  return output - round * axis->period;
}

/* --- pixels, woven together of several lines, and apart to several lines --- */

#define ANY __attribute__((may_alias, aligned(1)))
typedef uint8_t ANY any8;
typedef uint16_t ANY any16;
typedef uint32_t ANY any32;
typedef uint64_t ANY any64;

/* Steps of a fixed length leave no rest, which compilers would make one by one: the last step begins
   earlier where it would end too late, and makes some elements again. */
#define STEPS(STEP, count, BODY)                                          \
  if (count < STEP) {                                                     \
    for (ptrdiff_t i = 0; i < count; i++) { BODY }                        \
  } else {                                                                \
    for (ptrdiff_t step = 0; step < count; step += STEP) {                \
      const ptrdiff_t begin = step < count - STEP ? step : count - STEP;  \
      for (ptrdiff_t i = begin; i < begin + STEP; i++) { BODY }           \
    }                                                                     \
  }
#define EACH(LINES, BODY) for (ptrdiff_t k = 0; k < LINES; k++) { BODY }
/* Of 2, 3 and 4 lines compilers know how to shuffle vectors. */
#define BY_LINES(BODY)                                  \
  switch (lines) {                                      \
    case 2: STEPS(32, count, EACH(2, BODY)) break;      \
    case 3: STEPS(32, count, EACH(3, BODY)) break;      \
    case 4: STEPS(32, count, EACH(4, BODY)) break;      \
    default:                                            \
      for (ptrdiff_t i = 0; i < count; i++) EACH(lines, BODY) \
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

/* Take a pixel of `size` bytes of each of the lines, which are `line` bytes apart, in turn. */
static void weave(char *restrict target, const char *restrict source, ptrdiff_t line,
                  ptrdiff_t lines, ptrdiff_t count, ptrdiff_t size) {
#define WHOLE(TYPE)                                                                          \
  BY_LINES(((TYPE *)target)[i * lines + k] = ((const TYPE *)(source + k * line))[i];)
#define COPY(BYTES) \
  for (ptrdiff_t i = 0; i < count; i++) \
    EACH(lines, memcpy(target + (i * lines + k) * size, source + k * line + i * size, BYTES);)
  BY_SIZE(WHOLE, COPY)
#undef WHOLE
#undef COPY
}

/* Do the reverse. Nothing behind the last pixel is read, nor all lines of the last `count`. */
static void part(char *restrict target, const char *restrict source, ptrdiff_t line,
                 ptrdiff_t lines, ptrdiff_t pixels, ptrdiff_t size) {
  ptrdiff_t count = (pixels - 1) / lines;
#define WHOLE(TYPE)                                                                          \
  BY_LINES(((TYPE *)(target + k * line))[i] = ((const TYPE *)source)[i * lines + k];)
#define COPY(BYTES) \
  for (ptrdiff_t i = 0; i < count; i++) \
    EACH(lines, memcpy(target + k * line + i * size, source + (i * lines + k) * size, BYTES);)
  BY_SIZE(WHOLE, COPY)
#undef WHOLE
#undef COPY
  for (ptrdiff_t i = count * lines; i < pixels; i++)
    memcpy(target + i % lines * line + i / lines * size, source + i * size, (size_t)size);
}

/* --- results past the caches, which fetch the lines of memory before these are written --- */

#if defined(__AVX512F__)
#define LINE 64
#define STREAM(target, source) \
  _mm512_stream_si512((void *)(target), _mm512_loadu_si512((const void *)(source)))
#elif defined(__AVX__)
#define LINE 32
#define STREAM(target, source) \
  _mm256_stream_si256((__m256i *)(target), _mm256_loadu_si256((const __m256i *)(source)))
#endif

#ifdef LINE
#define FENCE() _mm_sfence() /* after it other threads see them, too */
/* Copy elements to where a line begins, or a part of one. */
static void stream(char *target, const char *source, ptrdiff_t size) {
  ptrdiff_t done = 0;
  for (; size - done >= LINE; done += LINE) STREAM(target + done, source + done);
  memcpy(target + done, source + done, (size_t)(size - done));
}
#else
#define FENCE() ((void)0)
#endif

/* Find where the inputs of each phase begin, in every `shift`-th pixel of a row. */
static void find_offsets(const Job *job, ptrdiff_t *offsets) {
  const Axis *axis = &job->columns;
  for (ptrdiff_t phase = 0; phase < axis->period; phase++) {
    const ptrdiff_t entry = axis->begin + phase;
    for (int t = 0; t < axis->counts[entry]; t++) {
      const ptrdiff_t input = axis->inputs[entry * axis->taps + t];
      offsets[phase * MAX_TAPS + t] =
          input % axis->shift * job->plane_size + input / axis->shift * job->channels;
    }
  }
}

/* --- whole numbers divided, rounded half to even --- */

typedef struct {
  int32_t divisor, half, even; /* half: what is added before rounding down; even: or not */
  int32_t shift;               /* its power of two, or -1 */
  uint16_t factor, power;      /* 16 bits are divided by the upper halves of products by these */
  float inverse, limit;        /* limit: how far from a whole number no quotient is in doubt */
  int sure;                    /* whether float32 rounds all quotients rightly */
} Divisor;

/* reach: the largest sum that is divided. */
static Divisor divisor_of(ptrdiff_t divisor, double reach, int count) {
  Divisor made = {(int32_t)divisor, (int32_t)(divisor - 1) / 2, divisor % 2 == 0, -1, 0, 0,
                  1.0f / (float)divisor, 0, 0};
  int bits = 0;
  while (((ptrdiff_t)2 << bits) <= divisor) bits++;
  if ((ptrdiff_t)1 << bits == divisor) made.shift = bits;
  made.factor = (uint16_t)((((int64_t)65536 << bits) + divisor - 1) / divisor);
  made.power = (uint16_t)(65536 >> bits);
  /* Sums up to 2^24 are exact; an odd divisor leaves no halves, and errors that are no larger than
     the distance to one. */
  made.sure = made.shift >= 0 ? reach <= 16777216 : !made.even && reach < 4194304;
  made.limit = (float)(0.5 - (count + 3) * 6e-8 * reach / (double)divisor);
  return made;
}

/* What is added to 1.5 * 2^23 is rounded half to even, and its last bits are the whole number; so it
   is with 1.5 * 2^52 in float64. */
#define MAGIC_float 12582912.0f
#define MAGIC_double 6755399441055744.0

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

INLINE int32_t by_shift(int32_t sum, const Divisor *by) {
  return (sum + by->half + ((sum >> by->shift) & 1)) >> by->shift;
}

/* The quotient in float32 is at most one off, which the rest tells. */
INLINE int32_t by_division(int32_t sum, const Divisor *by) {
  int32_t whole = bits_of((float)sum * by->inverse + MAGIC_float) - 0x4B400000;
  int32_t rest = 2 * (sum - whole * by->divisor), odd = whole & 1;
  return whole + (rest + odd > by->divisor) - (odd - rest > by->divisor);
}

INLINE uint16_t upper_half(uint16_t number, uint16_t factor) {
  return (uint16_t)(((uint32_t)number * factor) >> 16);
}

/* The whole number is odd where the sum has the bit of the divisor, which is a power of two. */
INLINE uint16_t short_by_shift(uint16_t sum, const Divisor *by) {
  uint16_t odd = (sum & (uint16_t)by->divisor) != 0;
  return upper_half((uint16_t)(sum + (uint16_t)by->half + odd), by->power);
}

/* Of an odd divisor there are no halves. */
INLINE uint16_t short_by_odd(uint16_t sum, const Divisor *by) {
  uint16_t up = (uint16_t)(sum + (uint16_t)by->divisor / 2);
  return upper_half(upper_half(up, by->factor), by->power);
}

/* A half has come to the next whole number: where that is odd, the one below is even. */
INLINE uint16_t short_by_even(uint16_t sum, const Divisor *by) {
  const uint16_t divisor = (uint16_t)by->divisor, whole = short_by_odd(sum, by);
  const uint16_t least = (uint16_t)((uint32_t)whole * divisor - divisor / 2);
  return (uint16_t)(whole - (sum == least ? whole & 1 : 0));
}


/* Where products are fused with sums, these come nearer to what is exact; integers are the same. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define FUSED_float __builtin_fmaf
#define FUSED_double __builtin_fma
#else
#define FUSED_float(one, other, more) ((one) * (other) + (more))
#define FUSED_double FUSED_float
#endif

/* --- the kernels: KIND, the types of inputs, of what is widened (MIDDLE), of widened rows and of
   weights; WHOLE, the bits of whole numbers, where weights are such; CENTRE, what is taken from
   integers in floating point, as that makes sums smaller --- */

#define HIGHEST_uint8_t 255
#define HIGHEST_uint16_t 65535
#define SHORTER_float int16_t
#define SHORTER_double int32_t
#define WORD_float int32_t
#define WORD_double int64_t
#define BITS_float bits_of
#define BITS_double long_bits_of
#define ABSOLUTE_float __builtin_fabsf
#define ABSOLUTE_double __builtin_fabs

/* uint8 of few fractions, none negative: all in 16 bits. */
#define KIND short
#define INPUT uint8_t
#define MIDDLE uint8_t
#define ROW uint16_t
#define WEIGHT uint16_t
#define WHOLE 16
#define CENTRE 0
#include "separable.h"

/* uint16 whose sums 32 bits hold. */
#define KIND long
#define INPUT uint16_t
#define MIDDLE uint16_t
#define ROW int32_t
#define WEIGHT int32_t
#define WHOLE 32
#define CENTRE 0
#include "separable.h"

/* uint8 whose sums 32 bits hold, and whose widened rows float32 does. */
#define KIND whole
#define INPUT uint8_t
#define MIDDLE float
#define ROW float
#define WEIGHT float
#define WHOLE 32
#define CENTRE 128
#include "separable.h"

/* uint8 and uint16 of any fractions. */
#define KIND near8
#define INPUT uint8_t
#define MIDDLE float
#define ROW float
#define WEIGHT float
#define CENTRE 128
#include "separable.h"

#define KIND near16
#define INPUT uint16_t
#define MIDDLE double
#define ROW double
#define WEIGHT double
#define CENTRE 32768
#include "separable.h"

#define KIND float32
#define INPUT float
#define MIDDLE float
#define ROW float
#define WEIGHT float
#define CENTRE 0
#include "separable.h"

#define KIND float64
#define INPUT double
#define MIDDLE double
#define ROW double
#define WEIGHT double
#define CENTRE 0
#include "separable.h"
