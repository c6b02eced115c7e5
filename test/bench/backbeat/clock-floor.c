/*
 * The floor under every timer of this machine: clock_nanosleep to absolute times, PERIOD_NS apart. Prints how late each
 * wake-up was, in milliseconds. `clock-floor COUNT PERIOD_NS`; `clock-floor busy` keeps one core busy until it is ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000LL

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(long long at_ns) {
  struct timespec at = {at_ns / NS_PER_S, at_ns % NS_PER_S};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
  }
}

int main(int argc, char **argv) {
  volatile unsigned long spins = 0;
  if (argc == 2 && strcmp(argv[1], "busy") == 0) {
    for (;;) spins++;
  }
  if (argc != 3) return 2;
  const long count = atol(argv[1]);
  const long long period_ns = atoll(argv[2]);
  const long long start_ns = now_ns() + period_ns;
  for (long i = 0; i < count; i++) {
    const long long at_ns = start_ns + i * period_ns;
    sleep_until(at_ns);
    printf("%.6f\n", (double)(now_ns() - at_ns) / 1e6);
  }
  return 0;
}
