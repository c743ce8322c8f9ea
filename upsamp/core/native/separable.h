/* One kind of separable interpolation, of which separable.c includes one after the other. */

#define OWN(name) NAMED(name, KIND)
#define HIGHEST NAMED(HIGHEST, INPUT)

/* Sums over up to six inputs are made at once; longer ones in pieces, in the same order. */
#define TERM(t) w##t * p##t[j]
#define SUM1 TERM(0)
#define SUM2 SUM1 + TERM(1)
#define SUM3 SUM2 + TERM(2)
#define SUM4 SUM3 + TERM(3)
#define SUM5 SUM4 + TERM(4)
#define SUM6 SUM5 + TERM(5)
#define TAP(t) \
  const SOURCE *p##t = taps[t < count ? t : 0] + start; \
  const WEIGHT w##t = weights[t < count ? t : 0];
#define ALL_TAPS TAP(0) TAP(1) TAP(2) TAP(3) TAP(4) TAP(5)
#define LOOP(FORM, sum) for (ptrdiff_t j = 0; j < size; j++) { FORM(sum) }
#define SUMS(FORM)                 \
  switch (count) {                 \
    case 1: LOOP(FORM, SUM1) break; \
    case 2: LOOP(FORM, SUM2) break; \
    case 3: LOOP(FORM, SUM3) break; \
    case 4: LOOP(FORM, SUM4) break; \
    case 5: LOOP(FORM, SUM5) break; \
    default: LOOP(FORM, SUM6)       \
  }

#if DIVIDED == 32
#define STORED(sum) (ROW)((sum) - offset)
#else
#define STORED(sum) (ROW)(sum)
#endif

/* Make one phase of a widened row. */
static void OWN(across)(ROW *restrict room, const MIDDLE *const *taps, const WEIGHT *weights,
                        int count, ptrdiff_t size, int32_t offset) {
  const ptrdiff_t start = 0;
  (void)offset;
#define SOURCE MIDDLE
  ALL_TAPS
#undef SOURCE
#define FORM(sum) room[j] = STORED(sum);
  SUMS(FORM)
#undef FORM
  for (int t = 6; t < count; t++) {
    const MIDDLE *p = taps[t];
    const WEIGHT w = weights[t];
    for (ptrdiff_t j = 0; j < size; j++) room[j] = (ROW)(room[j] + w * p[j]);
  }
}

/* Widen single outputs, each by its own inputs. */
static void OWN(gather)(const Job *job, ROW *restrict room, const MIDDLE *restrict middle,
                        ptrdiff_t first, ptrdiff_t stop) {
  const Axis *axis = &job->columns;
  const ptrdiff_t channels = job->channels;
  const int32_t offset = (int32_t)job->offset;
  (void)offset;
  for (ptrdiff_t output = first; output < stop; output++) {
    ptrdiff_t moved, entry = entry_of(axis, output, &moved);
    const int32_t *inputs = axis->inputs + entry * axis->taps;
    const WEIGHT *weights = (const WEIGHT *)axis->weights + entry * axis->taps;
    const int count = axis->counts[entry];
    ROW *place = room + output * channels;
    for (ptrdiff_t c = 0; c < channels; c++) {
      const MIDDLE *from = middle + moved * channels + c;
#if DIVIDED
      int32_t sum = weights[0] * from[inputs[0] * channels];
#else
      ROW sum = weights[0] * from[inputs[0] * channels];
#endif
      for (int t = 1; t < count; t++) sum += weights[t] * from[inputs[t] * channels];
      place[c] = STORED(sum);
    }
  }
}

/* Widen an input row. */
static void OWN(widen)(const Job *job, ptrdiff_t row, ROW *room, char *scratch) {
  const Axis *axis = &job->columns;
  const ptrdiff_t channels = job->channels, elements = job->width * channels;
  const INPUT *source = (const INPUT *)(job->source + (row - job->top) * job->source_step);
#ifdef CENTRE
  MIDDLE *middle = (MIDDLE *)scratch;
  scratch += job->middle_size * (ptrdiff_t)sizeof(MIDDLE);
  for (ptrdiff_t j = 0; j < elements; j++) middle[j] = (MIDDLE)(source[j] - CENTRE);
#else
  const MIDDLE *middle = source;
  (void)elements;
#endif
  if (!job->phased) {
    OWN(gather)(job, room, middle, 0, job->wide);
    return;
  }
  const MIDDLE *planes = middle;
  if (axis->shift > 1) {
    part(scratch, (const char *)middle, job->plane_size * (ptrdiff_t)sizeof(MIDDLE), axis->shift,
         job->width, channels * (ptrdiff_t)sizeof(MIDDLE));
    planes = (const MIDDLE *)scratch;
    scratch += axis->shift * job->plane_size * (ptrdiff_t)sizeof(MIDDLE);
  }
  ROW *begin = room + axis->begin * channels;
  ROW *phases = axis->period > 1 ? (ROW *)scratch : begin;
  for (ptrdiff_t phase = 0; phase < axis->period; phase++) {
    const ptrdiff_t entry = axis->begin + phase;
    const MIDDLE *taps[MAX_TAPS];
    for (int t = 0; t < axis->counts[entry]; t++) {
      ptrdiff_t input = axis->inputs[entry * axis->taps + t];
      taps[t] = planes + input % axis->shift * job->plane_size + input / axis->shift * channels;
    }
    OWN(across)(phases + phase * job->phase_size, taps,
                (const WEIGHT *)axis->weights + entry * axis->taps, axis->counts[entry],
                axis->rounds * channels, (int32_t)job->offset);
  }
  if (axis->period > 1)
    weave((char *)begin, (const char *)phases, job->phase_size * (ptrdiff_t)sizeof(ROW),
          axis->period, axis->rounds, channels * (ptrdiff_t)sizeof(ROW));
  OWN(gather)(job, room, middle, 0, axis->begin);
  OWN(gather)(job, room, middle, axis->begin + axis->rounds * axis->period, job->wide);
}

/* Make a part of an output row; `near`, where there is one, marks what is near to a half. */
INLINE void OWN(sums)(INPUT *restrict room, const ROW *const *taps, const WEIGHT *weights,
                      int count, ptrdiff_t start, ptrdiff_t size, const Divisor *by,
                      uint8_t *restrict near, double limit) {
#define SOURCE ROW
  ALL_TAPS
#undef SOURCE
  (void)by, (void)near, (void)limit;
  room += start;
#if DIVIDED == 16
#define FORM(sum) room[j] = (INPUT)short_by_shift((uint16_t)(sum), &own);
#define OTHER(sum) room[j] = (INPUT)short_by_division((uint16_t)(sum), &own);
#elif DIVIDED
#define FORM(sum) int32_t whole = by_shift(sum, &own); room[j] = (INPUT)CLAMP(whole, HIGHEST);
#define OTHER(sum) int32_t whole = by_division(sum, &own); room[j] = (INPUT)CLAMP(whole, HIGHEST);
#endif
#if DIVIDED
  const Divisor own = *by;
  if (own.shift >= 0) {
    SUMS(FORM)
  } else {
    SUMS(OTHER)
  }
#undef OTHER
#else
  ROW pieces[BLOCK];
  if (count > 6) {
#define FORM(sum) pieces[j] = sum;
    LOOP(FORM, SUM6)
#undef FORM
    for (int t = 6; t < count; t++) {
      const ROW *p = taps[t] + start;
      const WEIGHT w = weights[t];
      for (ptrdiff_t j = 0; j < size; j++) pieces[j] = pieces[j] + w * p[j];
    }
  }
#ifdef CENTRE
  const ROW within = (ROW)limit;
#define FORM(sum)                                                  \
  ROW value = sum, nearest = NEAREST(value), away = value - BACK(nearest); \
  int32_t whole = WHOLE_OF(nearest) + CENTRE;                      \
  near[j] = (away < 0 ? -away : away) > within;                    \
  room[j] = (INPUT)CLAMP(whole, HIGHEST);
#else
#define FORM(sum) room[j] = sum;
#endif
  if (count > 6) {
    LOOP(FORM, pieces[j])
  } else {
    SUMS(FORM)
  }
#endif
#undef FORM
}

#ifdef DIVIDED
/* Make the outputs of a row whose columns have totals of their own. */
static void OWN(mend)(const Job *job, INPUT *room, const ROW *const *taps, const WEIGHT *weights,
                      int count, ptrdiff_t total, ptrdiff_t first, ptrdiff_t stop) {
  for (ptrdiff_t output = first; output < stop; output++) {
    ptrdiff_t moved, entry = entry_of(&job->columns, output, &moved);
    const int64_t divisor = (int64_t)job->columns.totals[entry] * total;
    for (ptrdiff_t j = output * job->channels; j < (output + 1) * job->channels; j++) {
      int64_t sum = (int64_t)job->offset * total;
      for (int t = 0; t < count; t++) sum += (int64_t)weights[t] * taps[t][j];
      sum = divided(sum, divisor);
      room[j] = (INPUT)CLAMP(sum, HIGHEST);
    }
  }
}
#endif

#ifdef CENTRE
/* Make an output in float64, or leave it to the caller. */
static void OWN(settle)(Job *job, INPUT *room, ptrdiff_t row, ptrdiff_t element) {
  ptrdiff_t down, along, below = entry_of(&job->rows, row, &down);
  ptrdiff_t beside = entry_of(&job->columns, element / job->channels, &along);
  const int32_t *lines = job->rows.inputs + below * job->rows.taps;
  const int32_t *pixels = job->columns.inputs + beside * job->columns.taps;
  const double *heights = job->rows.fractions + below * job->rows.taps;
  const double *widths = job->columns.fractions + beside * job->columns.taps;
  double sum = 0;
  for (int y = 0; y < job->rows.counts[below]; y++) {
    const INPUT *source = (const INPUT *)(job->source + (lines[y] + down - job->top) * job->source_step) +
                          along * job->channels + element % job->channels;
    double widened = 0;
    for (int x = 0; x < job->columns.counts[beside]; x++)
      widened += widths[x] * source[pixels[x] * job->channels];
    sum += heights[y] * widened;
  }
  int64_t whole = (int64_t)sum;
  whole -= whole > sum;
  double away = sum - (double)whole - 0.5;
  if (away > job->margin || (away >= -job->margin && job->ties && whole % 2)) {
    whole++;
  } else if (away >= -job->margin && !job->ties) {
    job->doubts[job->found++] = row * job->wide * job->channels + element;
  }
  room[element] = (INPUT)CLAMP(whole, HIGHEST);
}

/* Settle the outputs that are marked, of which there are few. */
static void OWN(settle_near)(Job *job, INPUT *room, ptrdiff_t row, ptrdiff_t start,
                             ptrdiff_t size, const uint8_t *near) {
  for (ptrdiff_t j = 0; j < size; j += 8) {
    uint64_t any;
    memcpy(&any, near + j, 8);
    for (ptrdiff_t k = j; any && k < j + 8 && k < size; k++)
      if (near[k]) OWN(settle)(job, room, row, start + k);
  }
}
#endif

/* Make the output rows of a job; return the row before which the list of doubts was full, or the
   last. */
ptrdiff_t KERNEL(OWN(separable))(Job *job) {
  const Axis *axis = &job->rows;
  const ptrdiff_t elements = job->wide * job->channels;
  int64_t *kept = (int64_t *)job->scratch;
  ROW *ring = (ROW *)(kept + job->slots);
  char *scratch = (char *)(ring + job->slots * job->row_size);
  for (ptrdiff_t slot = 0; slot < job->slots; slot++) kept[slot] = -1;
  for (ptrdiff_t row = job->begin; row < job->stop; row++) {
    if (job->found && job->found + elements > job->room) return row;
    ptrdiff_t moved, entry = entry_of(axis, row, &moved);
    const int count = axis->counts[entry];
    const WEIGHT *weights = (const WEIGHT *)axis->weights + entry * axis->taps;
    const ROW *taps[MAX_TAPS];
    for (int t = 0; t < count; t++) {
      ptrdiff_t input = axis->inputs[entry * axis->taps + t] + moved, slot = input % job->slots;
      if (kept[slot] != input) OWN(widen)(job, input, ring + slot * job->row_size, scratch);
      kept[slot] = input;
      taps[t] = ring + slot * job->row_size;
    }
    INPUT *room = (INPUT *)(job->target + (row - job->first) * job->target_step);
    Divisor by = {0};
    uint8_t near[BLOCK] = {0};
#ifdef DIVIDED
    const ptrdiff_t total = axis->totals[entry], block = elements;
    by = divisor_of(job->common * total, job->offset * total);
#else
    const ptrdiff_t block = BLOCK;
#endif
    for (ptrdiff_t start = 0; start < elements; start += block) {
      const ptrdiff_t size = elements - start < block ? elements - start : block;
      OWN(sums)(room, taps, weights, count, start, size, &by, near, job->limit);
#ifdef CENTRE
      OWN(settle_near)(job, room, row, start, size, near);
#endif
    }
#ifdef DIVIDED
    OWN(mend)(job, room, taps, weights, count, total, 0, job->left);
    OWN(mend)(job, room, taps, weights, count, total, job->right, job->wide);
#endif
  }
  return job->stop;
}

#undef OWN
#undef HIGHEST
#undef TERM
#undef SUM1
#undef SUM2
#undef SUM3
#undef SUM4
#undef SUM5
#undef SUM6
#undef TAP
#undef ALL_TAPS
#undef LOOP
#undef SUMS
#undef STORED
#undef KIND
#undef INPUT
#undef MIDDLE
#undef ROW
#undef WEIGHT
#undef DIVIDED
#undef CENTRE
#undef NEAREST
#undef WHOLE_OF
#undef BACK
