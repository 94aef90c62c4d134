/*
** test_amx_emulator.c - tiles against plain loops: shapes, addressing, signs, faults
**
** On a processor with AMX the same expectations are put to the real instructions, but for faults,
** which there would end the program.
*/
#include "check.h"

#include "amx_emulator.h"
#include "kernel/dispatch.h"

#if defined __x86_64__ && defined __linux__

#include <immintrin.h>

#define TILE_CODE __attribute__((target("amx-tile,amx-int8")))

enum { K = 5, M = 7, N = 11 }; /* groups of four bytes, rows, columns of the small tiles */

typedef struct configuration {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} configuration;

/* Tile 0, 1: (M,N) sums; 2: (M,4K) bytes; 3: (K,4N) bytes; 4: everything. */
static const configuration shape = {1, 0, {0}, {4 * N, 4 * N, 4 * K, 4 * N, 64}, {M, M, M, K, 16}};

static uint8_t a[M][64], b[K][64], whole[32][64];
static int32_t sum[M][16], expected[M][16];

static void fill(void)
{
    for (int i = 0; i < 32; i++)
        for (int j = 0; j < 64; j++) whole[i][j] = (uint8_t)(i * 64 + j * j);
    for (int j = 0; j < 64; j++) {
        for (int i = 0; i < M; i++) a[i][j] = (uint8_t)(i * 77 + j * 151);
        for (int i = 0; i < K; i++) b[i][j] = (uint8_t)(i * 101 + j * 199 + 3);
    }
    a[0][0] = b[0][0] = 128;
    a[0][1] = b[0][1] = 255;
    for (int m = 0; m < M; m++)
        for (int n = 0; n < 16; n++) sum[m][n] = expected[m][n] = m - 1000 * n;
}

static int value(uint8_t byte, bool has_sign)
{
    return has_sign && byte > 127 ? byte - 256 : byte;
}

static void expect_product(bool signed_a, bool signed_b)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++)
            for (int k = 0; k < K; k++)
                for (int j = 0; j < 4; j++)
                    expected[m][n] +=
                        value(a[m][4 * k + j], signed_a) * value(b[k][4 * n + j], signed_b);
}

static TILE_CODE void test_products(void)
{
#define TEST(instruction, signed_a, signed_b)                                                      \
    do {                                                                                           \
        fill();                                                                                    \
        expect_product(signed_a, signed_b);                                                        \
        _tile_loadconfig(&shape);                                                                  \
        _tile_loadd(0, sum, 64);                                                                   \
        _tile_loadd(2, a, 64);                                                                     \
        _tile_stream_loadd(3, b, 64);                                                              \
        instruction(0, 2, 3);                                                                      \
        _tile_stored(0, sum, 64);                                                                  \
        _tile_release();                                                                           \
        CHECK(memcmp(sum, expected, sizeof sum) == 0);                                             \
    } while (0)
    TEST(_tile_dpbssd, true, true);
    TEST(_tile_dpbsud, true, false);
    TEST(_tile_dpbusd, false, true);
    TEST(_tile_dpbuud, false, false);
#undef TEST
}

/* Sums wrap modulo 2^32, and a tile that was set to zero holds nothing. */
static TILE_CODE void test_wrapping_and_zero(void)
{
    fill();
    memset(a, 255, sizeof a);
    memset(b, 255, sizeof b);
    for (int n = 0; n < 16; n++) sum[0][n] = INT32_MAX;
    _tile_loadconfig(&shape);
    _tile_loadd(0, sum, 64);
    _tile_loadd(2, a, 64);
    _tile_loadd(3, b, 64);
    _tile_dpbuud(0, 2, 3);
    _tile_stored(0, sum, 64);
    CHECK_INT(sum[0][3], (int64_t)INT32_MAX + 4 * K * 255 * 255 - ((int64_t)1 << 32));
    _tile_zero(0);
    _tile_stored(0, sum, 64);
    CHECK(sum[0][0] == 0 && sum[M - 1][N - 1] == 0);
    CHECK_INT(sum[M - 1][N], M - 1 - 1000 * N); /* past the row: untouched */
    _tile_release();
}

/* Base, scaled index and displacement; a new configuration empties the tiles. */
static TILE_CODE void test_addresses(void)
{
    uint8_t got[16][64];
    const uint8_t *middle = whole[16];
    fill();
    _tile_loadconfig(&shape);
    __asm__ volatile("tileloadd 0x40(%0,%1,8), %%tmm4\n\ttilestored %%tmm4, (%2,%3,1)" ::"r"(whole),
                     "r"((int64_t)8), "r"(got), "r"((int64_t)64)
                     : "memory");
    CHECK(memcmp(got, whole[1], sizeof got) == 0);
    __asm__ volatile(
        "tileloadd -0x3c0(%0,%1,2), %%tmm4\n\ttilestored %%tmm4, (%2,%3,1)" ::"r"(middle),
        "r"((int64_t)-32 + 64), "r"(got), "r"((int64_t)64)
        : "memory");
    CHECK(memcmp(got, whole[1], sizeof got) == 0);
    __asm__ volatile(
        "mov %0, %%r13\n\tmov %1, %%r12\n\t" /* a base that needs a displacement */
        "tileloadd (%%r13,%%r12,1), %%tmm4\n\ttilestored %%tmm4, (%2,%3,1)" ::"r"(middle),
        "r"((int64_t)-64), "r"(got), "r"((int64_t)64)
        : "memory", "r12", "r13");
    CHECK(memcmp(got[15], whole[1], 64) == 0 && memcmp(got[0], middle, 64) == 0);
    _tile_loadconfig(&shape);
    _tile_stored(4, got, 64);
    CHECK(got[0][0] == 0 && got[15][63] == 0);
    CHECK_INT(got[3][3], 0);
    _tile_release();
}

static TILE_CODE void test_faults(void)
{
    fill();
    _tile_zero(0);
    CHECK(amx_emulator_fault() != NULL); /* not configured */
    CHECK(amx_emulator_fault() == NULL);
    _tile_loadconfig(&shape);
    CHECK(amx_emulator_configured());
    _tile_loadd(5, a, 64);
    CHECK(amx_emulator_fault() != NULL); /* a tile without a shape */
    _tile_dpbssd(0, 3, 2);
    CHECK(amx_emulator_fault() != NULL);                    /* shapes the wrong way round */
    __asm__ volatile(".byte 0xc4, 0xe2, 0x6b, 0x5e, 0xc2"); /* tdpbssd 0, 2, 2: assembled by hand */
    CHECK(amx_emulator_fault() != NULL);
    _tile_release();
    CHECK(!amx_emulator_configured());
    for (int wrong = 0; wrong < 6; wrong++) {
        configuration c = shape;
        switch (wrong) {
        case 0: c.palette = 2; break;
        case 1: c.reserved[3] = 1; break;
        case 2: c.row_bytes[1] = 65; break;
        case 3: c.rows[1] = 17; break;
        case 4: c.rows[2] = 0; break;
        default: c.row_bytes[8] = 64; break;
        }
        __asm__ volatile("" ::"r"(&c) : "memory"); /* GCC 12 sees only eight bytes of c read */
        _tile_loadconfig(&c);
        CHECK_AT(amx_emulator_fault() != NULL && !amx_emulator_configured(), "wrong: %d", wrong);
    }
}

int main(void)
{
    bool real = strcmp(nn_k_runnable(0)->isa, "amx") == 0; /* and permitted by that */
    CHECK(amx_emulator_install());
    test_products();
    test_wrapping_and_zero();
    test_addresses();
    CHECK(amx_emulator_fault() == NULL);
    CHECK((amx_emulator_count() == 0) == real);
    if (!real) test_faults();
    return CHECK_REPORT();
}

#else

int main(void)
{
    CHECK(!amx_emulator_install());
    return CHECK_REPORT();
}

#endif
