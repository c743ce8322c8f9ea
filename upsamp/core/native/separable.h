/* One kind of separable interpolation, of which separable.c includes one after the other. */

#if WHOLE
#define SUM int32_t
#else
#define SUM ROW
#endif
#define OWN(name) NAMED(name, KIND)
#define HIGHEST NAMED(HIGHEST, INPUT)

/* Sums over up to six inputs are made at once; longer ones in pieces, in the same order. */
#if CENTRE
#define PLUS(t, sum) NAMED(FUSED, ROW)(w##t, p##t[j], sum)
#else
#define PLUS(t, sum) sum + w##t * p##t[j]
#endif
#define SUM1 w0 * p0[j]
#define SUM2 PLUS(1, SUM1)
#define SUM3 PLUS(2, SUM2)
#define SUM4 PLUS(3, SUM3)
#define SUM5 PLUS(4, SUM4)
#define SUM6 PLUS(5, SUM5)
#define TAP(t) \
  const SOURCE *p##t = taps[t < count ? t : 0] + start; \
  const WEIGHT w##t = t < count ? weights[t] : 0;
#define ALL_TAPS TAP(0) TAP(1) TAP(2) TAP(3) TAP(4) TAP(5)
#define LOOP(FORM, sum) STEPS(32, size, const ptrdiff_t j = i; FORM(sum))
/* `near` gets whether one of the elements k, k + RUN, ... is near to a half, for each k: so no vector
   is summed up within. */
#define RUNS(FORM, sum)                                                              \
  {                                                                                  \
    NAMED(WORD, ROW) worst[RUN] = {0};                                               \
    for (ptrdiff_t run = 0; run < size; run += RUN) {                                \
      if (size - run >= RUN) {                                                       \
        for (ptrdiff_t k = 0, j = run; k < RUN; k++, j++) { FORM(sum) }              \
      } else {                                                                       \
        for (ptrdiff_t k = 0, j = run; j < size; k++, j++) { FORM(sum) }             \
      }                                                                              \
    }                                                                                \
    for (int k = 0; k < RUN; k++) any |= near[k] = worst[k] > most;                  \
  }
/* To whole numbers an unused tap adds nothing; of floats it may be infinite. */
#if WHOLE || CENTRE
#define COUNTED count + count % 2
#define FEWER(LOOPS, FORM)
#else
#define COUNTED count
#define FEWER(LOOPS, FORM)           \
    case 1: LOOPS(FORM, SUM1) break; \
    case 3: LOOPS(FORM, SUM3) break; \
    case 5: LOOPS(FORM, SUM5) break;
#endif
#define SUMS(LOOPS, FORM)            \
  switch (COUNTED) {                 \
    FEWER(LOOPS, FORM)               \
    case 2: LOOPS(FORM, SUM2) break; \
    case 4: LOOPS(FORM, SUM4) break; \
    default: LOOPS(FORM, SUM6)       \
  }
#define CLAMPED(whole) (INPUT)((whole) < 0 ? 0 : (whole) > HIGHEST ? HIGHEST : (whole))

/* Make one phase of a widened row. */
static void OWN(across)(ROW *restrict room, const MIDDLE *const *taps, const WEIGHT *weights,
                        int count, ptrdiff_t size) {
  const ptrdiff_t start = 0;
#define SOURCE MIDDLE
  ALL_TAPS
#undef SOURCE
#define FORM(sum) room[j] = (ROW)(sum);
  SUMS(LOOP, FORM)
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
  for (ptrdiff_t output = first; output < stop; output++) {
    ptrdiff_t moved, entry = entry_of(axis, output, &moved);
    const int32_t *inputs = axis->inputs + entry * axis->taps;
    const WEIGHT *weights = (const WEIGHT *)axis->weights + entry * axis->taps;
    const int count = axis->counts[entry];
    ROW *place = room + output * channels;
    for (ptrdiff_t c = 0; c < channels; c++) {
      const MIDDLE *from = middle + moved * channels + c;
      ROW sum = (ROW)(weights[0] * from[inputs[0] * channels]);
      for (int t = 1; t < count; t++)
        sum = (ROW)(sum + weights[t] * from[inputs[t] * channels]);
      place[c] = sum;
    }
  }
}

/* Widen an input row. */
static void OWN(widen)(const Job *job, ptrdiff_t row, ROW *room, char *scratch,
                       const ptrdiff_t *offsets) {
  const Axis *axis = &job->columns;
  const ptrdiff_t channels = job->channels, elements = job->width * channels;
  const INPUT *source = (const INPUT *)(job->source + (row - job->top) * job->source_step);
#if CENTRE
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
    const MIDDLE *taps[MAX_TAPS] = {0};
    for (int t = 0; t < axis->counts[entry]; t++) taps[t] = planes + offsets[phase * MAX_TAPS + t];
    OWN(across)(phases + phase * job->phase_size, taps,
                (const WEIGHT *)axis->weights + entry * axis->taps, axis->counts[entry],
                axis->rounds * channels);
  }
  if (axis->period > 1)
    weave((char *)begin, (const char *)phases, job->phase_size * (ptrdiff_t)sizeof(ROW),
          axis->period, axis->rounds, channels * (ptrdiff_t)sizeof(ROW));
  OWN(gather)(job, room, middle, 0, axis->begin);
  OWN(gather)(job, room, middle, axis->begin + axis->rounds * axis->period, job->wide);
}

/* How an element is made of its sum: quickly, where that is sure to be right, or else. */
#if WHOLE == 16
#define QUICK(sum) room[j] = (INPUT)short_by_shift((uint16_t)(sum), &own);
#define ODD(sum) room[j] = (INPUT)short_by_odd((uint16_t)(sum), &own);
#define GENERAL(sum) room[j] = (INPUT)short_by_even((uint16_t)(sum), &own);
#elif CENTRE
#define ROUNDING (NAMED(MAGIC, ROW) + CENTRE)
#if WHOLE
#define PLUS_SCALED(sum, more) NAMED(FUSED, ROW)(sum, own.inverse, more)
#else
#define PLUS_SCALED(sum, more) (sum) + (more)
#endif
#define QUICK(sum)                                                                \
  const ROW value = sum, nearest = PLUS_SCALED(value, ROUNDING);                  \
  NAMED(SHORTER, ROW) whole = (NAMED(SHORTER, ROW))NAMED(BITS, ROW)(nearest);     \
  whole = whole < 0 ? 0 : whole;                                                  \
  whole = whole > HIGHEST ? HIGHEST : whole;                                      \
  room[j] = (INPUT)whole;
#define AWAY NAMED(ABSOLUTE, ROW)(PLUS_SCALED(value, -(nearest - ROUNDING)))
/* Of what is not negative the largest has the largest bits, which compilers can tell at once. */
#define GENERAL(sum)                                    \
  QUICK(sum) NAMED(WORD, ROW) bits = NAMED(BITS, ROW)(AWAY); \
  worst[k] = worst[k] > bits ? worst[k] : bits;
#elif WHOLE
#define QUICK(sum) int32_t whole = by_shift(sum, &own); room[j] = CLAMPED(whole);
#define GENERAL(sum) int32_t whole = by_division(sum, &own); room[j] = CLAMPED(whole);
#else
#define QUICK(sum) room[j] = sum;
#define GENERAL QUICK
#endif
#if CENTRE
#define LOOPS RUNS
#else
#define LOOPS LOOP
#endif

/* Make elements of an output row; return whether some may be near to a half, `near` tells which. */
static int OWN(down)(INPUT *restrict room, const ROW *const *taps, const WEIGHT *weights,
                      int count, ptrdiff_t start, ptrdiff_t size, const Divisor *by, int quick,
                      double limit, uint8_t *restrict near) {
#define SOURCE ROW
  ALL_TAPS
#undef SOURCE
  const Divisor own = *by;
  int any = 0;
  (void)own, (void)limit, (void)near;
#if CENTRE
  const NAMED(WORD, ROW) most = NAMED(BITS, ROW)((ROW)limit);
#endif
  if (count > 6) {
    ROW pieces[BLOCK];
#define FORM(sum) pieces[j] = (ROW)(sum);
    LOOP(FORM, SUM6)
#undef FORM
    for (int t = 6; t < count; t++) {
      const ROW *p = taps[t] + start;
      const WEIGHT w = weights[t];
      for (ptrdiff_t j = 0; j < size; j++) pieces[j] = (ROW)(pieces[j] + w * p[j]);
    }
    LOOPS(GENERAL, pieces[j])
  } else if (quick) {
    SUMS(LOOP, QUICK)
#if WHOLE == 16
  } else if (!own.even) {
    SUMS(LOOP, ODD)
#endif
  } else {
    SUMS(LOOPS, GENERAL)
  }
  return any;
}

#if WHOLE
/* Make an element by a division in float64, which is off by less than it is from any half but one. */
INLINE INPUT OWN(divided)(const ROW *const *taps, const double *weights, int count, ptrdiff_t j,
                          double divisor) {
  double sum = 0;
  for (int t = 0; t < count; t++) sum += weights[t] * (double)taps[t][j];
  const double whole = sum / divisor + MAGIC_double - MAGIC_double + CENTRE;
  return CLAMPED(whole);
}

/* Make the outputs of a row whose columns have totals of their own. */
static void OWN(mend)(const Job *job, INPUT *room, const ROW *const *taps, const double *weights,
                      int count, ptrdiff_t total, ptrdiff_t first, ptrdiff_t stop) {
  for (ptrdiff_t output = first; output < stop; output++) {
    ptrdiff_t moved, entry = entry_of(&job->columns, output, &moved);
    const double divisor = (double)(job->columns.totals[entry] * total);
    for (ptrdiff_t j = output * job->channels; j < (output + 1) * job->channels; j++)
      room[j] = OWN(divided)(taps, weights, count, j, divisor);
  }
}
#endif

#if CENTRE && !WHOLE
/* Make an output in float64, or leave it to the caller. */
static void OWN(sum_anew)(Job *job, INPUT *room, ptrdiff_t row, ptrdiff_t element) {
  ptrdiff_t down, along, below = entry_of(&job->rows, row, &down);
  ptrdiff_t beside = entry_of(&job->columns, element / job->channels, &along);
  const int32_t *lines = job->rows.inputs + below * job->rows.taps;
  const int32_t *pixels = job->columns.inputs + beside * job->columns.taps;
  const double *heights = job->rows.fractions + below * job->rows.taps;
  const double *widths = job->columns.fractions + beside * job->columns.taps;
  double sum = 0;
  for (int y = 0; y < job->rows.counts[below]; y++) {
    const ptrdiff_t line = lines[y] + down - job->top;
    const INPUT *source = (const INPUT *)(job->source + line * job->source_step) +
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
  room[element] = CLAMPED(whole);
}
#endif

#if CENTRE
/* Make an element that may be near to a half. */
static void OWN(settle)(Job *job, INPUT *room, ptrdiff_t row, const ROW *const *taps,
                        const WEIGHT *weights, const double *exact, int count, ptrdiff_t j,
                        const Divisor *by) {
#if WHOLE
  room[j] = OWN(divided)(taps, exact, count, j, by->divisor);
  (void)job, (void)row, (void)weights;
#else
  SUM sum = 0;
  for (int t = 0; t < count; t++) sum += weights[t] * taps[t][j];
  QUICK(sum)
  if (AWAY > (ROW)job->limit) OWN(sum_anew)(job, room, row, j);
  (void)by, (void)exact;
#endif
}
#endif

/* Make the output rows of a job; return the row before which the list of doubts was full, or the
   last. */
ptrdiff_t KERNEL(OWN(separable))(Job *job) {
  const Axis *axis = &job->rows;
  const ptrdiff_t elements = job->wide * job->channels;
  int64_t *kept = (int64_t *)job->scratch;
  ROW *ring = (ROW *)(job->scratch + job->kept_size);
  char *scratch = (char *)(ring + job->slots * job->row_size);
  for (ptrdiff_t slot = 0; slot < job->slots; slot++) kept[slot] = -1;
  ptrdiff_t offsets[MAX_PHASES * MAX_TAPS];
  if (job->phased) find_offsets(job, offsets);
  Divisor by = {0};
#if WHOLE
  ptrdiff_t total = 0; /* from row to row they are often the same */
  double reached = 0;
  int counted = 0;
#endif
  for (ptrdiff_t row = job->begin; row < job->stop; row++) {
    if (job->found && job->found + elements > job->room) {
      CLEAR_VECTORS();
      return row;
    }
    ptrdiff_t moved, entry = entry_of(axis, row, &moved);
    const int count = axis->counts[entry];
    const WEIGHT *weights = (const WEIGHT *)axis->weights + entry * axis->taps;
    const ROW *taps[MAX_TAPS] = {0};
    for (int t = 0; t < count; t++) {
      ptrdiff_t input = axis->inputs[entry * axis->taps + t] + moved, slot = input & (job->slots - 1);
      if (kept[slot] != input) OWN(widen)(job, input, ring + slot * job->row_size, scratch, offsets);
      kept[slot] = input;
      taps[t] = ring + slot * job->row_size;
    }
    INPUT *room = (INPUT *)(job->target + (row - job->first) * job->target_step);
    int quick = !CENTRE;
    double limit = job->limit, exact[MAX_TAPS] = {0};
#if WHOLE
    double reach = 0;
    for (int t = 0; t < count; t++) reach += __builtin_fabs(exact[t] = (double)weights[t]);
    if (total != axis->totals[entry] || reach != reached || count != counted) {
      total = axis->totals[entry], reached = reach, counted = count;
      by = divisor_of(job->common * total, reach * job->span, count);
    }
    quick = CENTRE ? by.sure : by.shift >= 0;
    limit = by.limit;
#endif
#if defined(LINE) && !CENTRE && !WHOLE
    if (job->streamed) {
      INPUT apart[BLOCK];
      ptrdiff_t size = (-(intptr_t)room & (LINE - 1)) / (ptrdiff_t)sizeof(INPUT); /* up to a line */
      for (ptrdiff_t start = 0; start < elements; start += size, size = BLOCK) {
        if (size > elements - start) size = elements - start;
        OWN(down)(apart, taps, weights, count, start, size, &by, quick, limit, NULL);
        stream((char *)(room + start), (const char *)apart, size * (ptrdiff_t)sizeof(INPUT));
      }
      continue;
    }
#endif
    const ptrdiff_t block = count > 6 || !quick ? BLOCK : elements;
    for (ptrdiff_t start = 0; start < elements; start += block) {
      const ptrdiff_t size = elements - start < block ? elements - start : block;
      uint8_t near[RUN];
      int any = OWN(down)(room + start, taps, weights, count, start, size, &by, quick, limit, near);
#if CENTRE
      for (ptrdiff_t k = 0; k < RUN && any; k++)
        for (ptrdiff_t j = k; j < size && near[k]; j += RUN)
          OWN(settle)(job, room, row, taps, weights, exact, count, start + j, &by);
#else
      (void)any, (void)exact;
#endif
    }
#if WHOLE
    OWN(mend)(job, room, taps, exact, count, total, 0, job->left);
    OWN(mend)(job, room, taps, exact, count, total, job->right, job->wide);
#endif
  }
  FENCE();
  CLEAR_VECTORS();
  return job->stop;
}

#undef SUM
#undef SUM
#undef OWN
#undef HIGHEST
#undef PLUS
#undef SUM1
#undef SUM2
#undef SUM3
#undef SUM4
#undef SUM5
#undef SUM6
#undef TAP
#undef ALL_TAPS
#undef LOOP
#undef RUNS
#undef SUMS
#undef FEWER
#undef COUNTED
#undef CLAMPED
#undef QUICK
#undef ODD
#undef GENERAL
#undef ROUNDING
#undef PLUS_SCALED
#undef AWAY
#undef LOOPS
#undef KIND
#undef INPUT
#undef MIDDLE
#undef ROW
#undef WEIGHT
#undef WHOLE
#undef CENTRE
