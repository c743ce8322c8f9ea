/* What this library was built of, and which of its instruction sets the processor has. */

#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#ifdef SOURCES
/* The checksum of the sources, by which the loader knows a library that is older than they are. */
PUBLIC uint32_t upsamp_sources(void) { return SOURCES; }

/* The widest level of x86-64 that the processor and the system have: 4, 3, or 0 for the baseline. */
PUBLIC int upsamp_level(void) {
#if defined(__x86_64__)
  unsigned eax, ebx, ecx, edx;
  /* What not every compiler has a name for: MOVBE, F16C and LZCNT. */
  int basic = __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx >> 22 & 1 && ecx >> 29 & 1 &&
              __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && ecx >> 5 & 1;
  __builtin_cpu_init();
  int third = basic && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  int fourth = third && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
  return fourth ? 4 : third ? 3 : 0;
#else
  return 0;
#endif
}
#endif

/* That the library has this instruction set. */
int KERNEL(upsamp_set)(void) { return 1; }
