/* Convolution and transposed convolution of few channels, for float32 and float64.

   Rows of the input are split into planes, one for each channel, in which the pixels that neighbouring
   outputs of a phase read are neighbours. So outputs are computed side by side, each in a lane of its
   own: every output is the same sums in the same order, with any instruction set and in any strip.
   What is computed are groups: the outputs of all phases of the columns at one place, and all filters
   of each. Their values are woven into the row of the output.

   This file includes itself for each type. */

#ifndef REAL

#include "kernels.h"

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
/* How many filters are summed together, and how many vectors of each. */
#define FILTERS 8
#define VECTORS 2

/* The integers of a convolution. The pixel at column j of the input is in the plane
   (j + left) % stride of its channel, at (j + left) / stride. The last `depth` rows that were split
   are kept. Group g of rows reads rows first + g * row_stride to past + g * row_stride - 1. */
typedef struct {
  int64_t width, channels, filters, left, stride, pitch, depth, first, past, row_stride;
  int64_t row_phases, column_phases, out_height, out_width;
} Shape;

/* A phase of rows reads start + group * row_stride + r * spacing for r < taps. weights: how many those
   of the phases before it have. */
typedef struct {
  int64_t start, taps, spacing, weights;
} RowPhase;

/* Four values of two vectors of four, by their places. */
#ifdef __clang__
#define MIXED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define MIXED(a, b, ...) __builtin_shuffle(a, b, (PLACES){__VA_ARGS__})
#endif

#define REAL float
#define PLACE int32_t
#define TYPED(name) KERNEL(name##_float32)
#include "convolution.c"
#undef REAL
#undef PLACE
#undef TYPED
#define REAL double
#define PLACE int64_t
#define TYPED(name) KERNEL(name##_float64)
#include "convolution.c"

#else

#define LANES ((int64_t)(VECTOR_BYTES / sizeof(REAL)))
#define TILE (VECTORS * LANES)
#define VECTOR NAMED(vector, REAL)
#define FOUR NAMED(four, REAL)
#define PLACES NAMED(places, REAL)
#define LOCAL(name) NAMED(name, REAL)

typedef REAL VECTOR __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
typedef PLACE PLACES __attribute__((vector_size(4 * sizeof(REAL))));
typedef REAL FOUR __attribute__((vector_size(4 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

/* Write the first `count` columns of a square of four by four values as rows. */
INLINE void LOCAL(turn)(const REAL *from, int64_t from_step, REAL *to, int64_t to_step,
                        int64_t count) {
  FOUR a = *(const FOUR *)from, b = *(const FOUR *)(from + from_step);
  FOUR c = *(const FOUR *)(from + 2 * from_step), d = *(const FOUR *)(from + 3 * from_step);
  FOUR ac = MIXED(a, c, 0, 4, 1, 5), bd = MIXED(b, d, 0, 4, 1, 5);
  *(FOUR *)to = MIXED(ac, bd, 0, 4, 1, 5);
  if (count > 1) *(FOUR *)(to + to_step) = MIXED(ac, bd, 2, 6, 3, 7);
  if (count < 3) return;
  ac = MIXED(a, c, 2, 6, 3, 7), bd = MIXED(b, d, 2, 6, 3, 7);
  *(FOUR *)(to + 2 * to_step) = MIXED(ac, bd, 0, 4, 1, 5);
  if (count > 3) *(FOUR *)(to + 3 * to_step) = MIXED(ac, bd, 2, 6, 3, 7);
}

/* Split a row into its planes. The zeros around are there already. */
static void LOCAL(split)(const Shape *s, const REAL *row, REAL *planes) {
  int64_t channels = s->channels, stride = s->stride, step = stride * channels;
  int64_t apart = stride * s->pitch, end = s->width * channels;
  for (int64_t plane = 0; plane < stride; plane++) {
    int64_t begin = (plane + stride - s->left % stride) % stride;
    REAL *to = planes + plane * s->pitch + (begin + s->left) / stride;
    int64_t first = begin * channels, j = 0;
    if (step == 1) {
      memcpy(to, row, (size_t)s->width * sizeof(REAL));
      return;
    }
    /* Squares, as long as they lie in the row. */
    for (; channels > 1 && first + (j + 4) * step + 4 <= end; j += 4)
      for (int64_t channel = 0; channel < channels; channel += 4)
        LOCAL(turn)(row + first + j * step + channel, step, to + channel * apart + j, apart,
                    channels - channel);
    for (; first + j * step < end; j++)
      for (int64_t channel = 0; channel < channels; channel++)
        to[channel * apart + j] = row[first + j * step + channel];
  }
}

/* Add to the sums of some filters what they have of one plane. */
INLINE void LOCAL(add)(const int filters, const int vectors, VECTOR (*sums)[VECTORS],
                       const REAL *plane, const REAL *weights) {
  for (int v = 0; v < vectors; v++) {
    /* Volatile: kept, where compilers would load it anew for each filter. */
    VECTOR x = *(const volatile VECTOR *)(plane + v * LANES);
    for (int f = 0; f < filters; f++) sums[f][v] += x * weights[f];
  }
}

/* Sum a tile of some filters of one phase of the columns.
   at: the first planes of `count` pixels that are read; each channel has `filters` weights. */
INLINE void LOCAL(sum)(const int filters, const int vectors, const Shape *s, const REAL *planes,
                       const int64_t *at, int64_t count, const REAL *weights, const REAL *bias,
                       REAL *tile) {
  /* Every other channel of a single filter has sums of its own, as each sum waits for the last. */
  const int other = filters == 1;
  VECTOR sums[FILTERS + 1][VECTORS];
  int64_t apart = s->stride * s->pitch;
  for (int f = 0; f < filters + other; f++)
    for (int v = 0; v < vectors; v++) sums[f][v] = (VECTOR){0} + (f < filters ? bias[f] : 0);
  for (int64_t i = 0; i < count; i++) {
    const REAL *plane = planes + at[i];
    int64_t channel = 0;
    for (; channel + 1 < s->channels; channel += 2, plane += 2 * apart, weights += 2 * filters) {
      LOCAL(add)(filters, vectors, sums, plane, weights);
      LOCAL(add)(filters, vectors, sums + other, plane + apart, weights + filters);
    }
    if (channel < s->channels) {
      LOCAL(add)(filters, vectors, sums, plane, weights);
      weights += filters;
    }
  }
  for (int v = 0; other && v < vectors; v++) sums[0][v] += sums[other][v];
  for (int f = 0; f < filters; f++)
    for (int v = 0; v < vectors; v++)
      *(VECTOR *)(tile + f * TILE + v * LANES) = sums[f][v];
}

/* Sum a tile of all filters of all phases of the columns, (values of a group, TILE). */
INLINE void LOCAL(sum_groups)(const int vectors, const Shape *s, const int64_t *counts,
                              const REAL *planes, const int64_t *at, const REAL *weights,
                              const REAL *bias, REAL *tile) {
#define SUM(some) LOCAL(sum)(some, vectors, s, planes, at, counts[c], weights, bias + f, tile)
  for (int64_t c = 0; c < s->column_phases; at += counts[c++])
    for (int64_t f = 0, some; f < s->filters; f += some) {
      some = s->filters - f < FILTERS ? s->filters - f : FILTERS;
      switch (some) {
        case 1: SUM(1); break;
        case 2: SUM(2); break;
        case 3: SUM(3); break;
        case 4: SUM(4); break;
        case 5: SUM(5); break;
        case 6: SUM(6); break;
        case 7: SUM(7); break;
        default: SUM(8);
      }
      weights += counts[c] * s->channels * some;
      tile += some * TILE;
    }
#undef SUM
}

/* Write groups of `size` values from a tile into a row of the output that has `left` values. */
static void LOCAL(weave)(int64_t size, const REAL *tile, REAL *to, int64_t left) {
  int64_t group = 0, last = (size - 1) / 4 * 4;
  int64_t count = left < TILE * size ? left : TILE * size;
  if (size == 1) {
    memcpy(to, tile, (size_t)count * sizeof(REAL));
    return;
  }
  if (size == 2)
    for (; group < count / 2; group++) {
      to[2 * group] = tile[group];
      to[2 * group + 1] = tile[TILE + group];
    }
  /* Squares, the last ones first: what they have too many is written over by the next ones. */
  for (; group < TILE && (group + 4) * size + 4 <= left; group += 4)
    for (int64_t i = last; i >= 0; i -= 4)
      LOCAL(turn)(tile + i * TILE + group, TILE, to + group * size + i, size, 4);
  for (; group * size < count; group++)
    for (int64_t i = 0; i < size && group * size + i < count; i++)
      to[group * size + i] = tile[i * TILE + group];
}

/* Write to `at` where the first planes of the pixels begin that a row of a phase reads: for each
   phase of the columns those of the rows and columns. A row that the input has not is zeros. */
static void LOCAL(locate)(const Shape *s, const RowPhase *phase, int64_t start, int64_t top,
                          int64_t bottom, const int64_t *taps, const int64_t *offsets,
                          int64_t *counts, int64_t *at) {
  for (int64_t c = 0; c < s->column_phases; offsets += taps[c++]) {
    counts[c] = phase->taps * taps[c];
    for (int64_t r = 0; r < phase->taps; r++) {
      int64_t row = start + r * phase->spacing;
      int64_t slot = row < top || row >= bottom ? s->depth : row % s->depth;
      for (int64_t tap = 0; tap < taps[c]; tap++)
        *at++ = slot * s->channels * s->stride * s->pitch + offsets[tap];
    }
  }
}

/* Compute rows start to stop - 1 of the output of some images.

   taps: of each phase of the columns. offsets: from the pixel of a group to what it reads by each of
   them. weights: for each phase of the rows, phase of the columns and FILTERS filters or the rest:
   (rows, columns, channels, those filters). input: rows top to bottom - 1, (images, bottom - top,
   width, channels). output: (images, out_height, out_width, filters).
   ring: zeros, (depth + 1, channels, stride, pitch). tile: the values of a group and three more,
   TILE of each. counts: as many as column phases; at: as what a row reads. */
void TYPED(convolve)(const Shape *s, const RowPhase *rows, const int64_t *taps,
                     const int64_t *offsets, const REAL *weights, const REAL *bias,
                     const REAL *input, int64_t images, int64_t top, int64_t bottom, REAL *output,
                     int64_t start, int64_t stop, REAL *ring, REAL *tile, int64_t *counts,
                     int64_t *at) {
  int64_t apart = s->channels * s->stride * s->pitch, line = s->width * s->channels;
  int64_t size = s->column_phases * s->filters, length = s->out_width * s->filters;
  for (int64_t image = 0; image < images; image++) {
    int64_t next = top;
    for (int64_t row = start; row < stop; row++) {
      const RowPhase *phase = rows + row % s->row_phases;
      int64_t moved = row / s->row_phases * s->row_stride;
      int64_t first = s->first + moved, past = s->past + moved;
      for (next = next < first ? first : next; next < past && next < bottom; next++)
        LOCAL(split)(s, input + (next - top) * line, ring + next % s->depth * apart);
      LOCAL(locate)(s, phase, phase->start + moved, top, bottom, taps, offsets, counts, at);
      REAL *to = output + row * length;
      const REAL *own = weights + phase->weights, *from = ring;
      for (int64_t left = length; left > 0; left -= TILE * size, from += TILE) {
        if (left > LANES * size) LOCAL(sum_groups)(VECTORS, s, counts, from, at, own, bias, tile);
        else LOCAL(sum_groups)(1, s, counts, from, at, own, bias, tile);
        LOCAL(weave)(size, tile, to + length - left, left);
      }
    }
    input += (bottom - top) * line;
    output += s->out_height * length;
  }
  CLEAR_VECTORS();
}

#undef LANES
#undef TILE
#undef VECTOR
#undef FOUR
#undef PLACES
#undef LOCAL
#endif
