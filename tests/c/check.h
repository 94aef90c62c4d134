/*
** check.h - the checks of the C tests
**
** CHECK(condition) goes on after a failure, which it prints with its place. A check counts once,
** however often a loop passes it: as failed if it failed in any pass. main ends with
** `return CHECK_REPORT();`, which prints "N passed, N failed" as the last line and gives the
** exit status: 1 if any check failed or none ran.
*/
#ifndef NN_TESTS_CHECK_H
#define NN_TESTS_CHECK_H

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* One check in the source. */
typedef struct check_site {
    int passes;   /* times it was reached */
    int failures; /* times it failed; only the first few are printed */
} check_site;

static int check_sites_passed, check_sites_failed;

static inline void check_at(check_site *site, bool ok, const char *file, int line,
                            const char *format, ...)
{
    enum { PRINTED = 3 };
    va_list args;
    if (site->passes++ == 0) check_sites_passed++;
    if (ok) return;
    if (site->failures++ == 0) {
        check_sites_passed--;
        check_sites_failed++;
    }
    if (site->failures > PRINTED) return;
    printf("%s:%d: ", file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf(" (pass %d)\n", site->passes);
    fflush(stdout);
}

/* |got - expected| <= relative * |expected|; NaN and infinity agree only with themselves. */
static inline bool check_near(double got, double expected, double relative)
{
    if (isnan(expected)) return isnan(got);
    if (isinf(expected)) return got == expected;
    return fabs(got - expected) <= relative * fabs(expected);
}

static inline int check_report(void)
{
    printf("%d passed, %d failed\n", check_sites_passed, check_sites_failed);
    return check_sites_failed > 0 || check_sites_passed == 0;
}

#define CHECK_AT(ok, ...)                                                                          \
    do {                                                                                           \
        static check_site site_;                                                                   \
        check_at(&site_, ok, __FILE__, __LINE__, __VA_ARGS__);                                     \
    } while (0)

#define CHECK(condition) CHECK_AT((condition), "%s", #condition)

/* Integers that are equal; both are printed when they are not. */
#define CHECK_INT(got, expected)                                                                   \
    do {                                                                                           \
        int64_t got_ = (got), expected_ = (expected);                                              \
        CHECK_AT(got_ == expected_, "%s is %" PRId64 ", expected %" PRId64, #got, got_,            \
                 expected_);                                                                       \
    } while (0)

/* Strings that are equal. */
#define CHECK_STR(got, expected)                                                                   \
    do {                                                                                           \
        const char *got_ = (got), *expected_ = (expected);                                         \
        CHECK_AT(strcmp(got_, expected_) == 0, "%s is \"%s\", expected \"%s\"", #got, got_,        \
                 expected_);                                                                       \
    } while (0)

/* check_near(got, expected, relative), both printed when they are not near. */
#define CHECK_NEAR(got, expected, relative)                                                        \
    do {                                                                                           \
        double got_ = (got), expected_ = (expected);                                               \
        CHECK_AT(check_near(got_, expected_, relative), "%s is %.17g, expected %.17g", #got, got_, \
                 expected_);                                                                       \
    } while (0)

#define CHECK_REPORT() check_report()

#endif
