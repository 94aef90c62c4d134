/*
** amx_emulator.c - decodes and carries out AMX instructions in a handler of SIGILL
**
** All of them are three-byte VEX instructions of the map 0F38:
**
**   byte    0    1            2             3       4         ...
**           C4   ~R~X~B map   W ~vvvv L pp  opcode  mod reg rm  [sib] [displacement]
**
** R, X and B are the fourth bits of reg, index and base (or rm); pp is 0, 1, 2, 3 for the prefixes
** none, 66, F3, F2.
*/
#define _GNU_SOURCE /* the registers' names */

#include "amx_emulator.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const char *_Atomic first_fault;
static atomic_long count;

const char *amx_emulator_fault(void)
{
    return atomic_exchange(&first_fault, NULL);
}

long amx_emulator_count(void)
{
    return count;
}

#if defined __x86_64__ && defined __linux__

#include <ucontext.h>

enum { TILES = 8, ROWS = 16, ROW_BYTES = 64 };
enum { NO_PREFIX, PREFIX_66, PREFIX_F3, PREFIX_F2 };

/* The operand of LDTILECFG. */
typedef struct configuration {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[TILES], no_row_bytes[TILES];
    uint8_t rows[TILES], no_rows[TILES];
} configuration;

typedef struct tiles {
    bool configured;
    configuration shape;
    uint8_t data[TILES][ROWS][ROW_BYTES];
} tiles;

static _Thread_local tiles t;

bool amx_emulator_configured(void)
{
    return t.configured;
}

typedef struct instruction {
    int prefix, opcode;
    int mod, reg, rm, vvvv;
    uint8_t *base;  /* of a memory operand, with the displacement */
    int64_t offset; /* its scaled index: a stride for tiles */
    int length;     /* in bytes */
} instruction;

/* A register by its number in an instruction. */
static int64_t register_value(const ucontext_t *context, int number)
{
    static const int place[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                  REG_R12, REG_R13, REG_R14, REG_R15};
    return context->uc_mcontext.gregs[place[number]];
}

static int64_t displacement(const uint8_t *at, int bytes)
{
    int32_t four = 0;
    if (bytes == 1) return (int8_t)*at;
    memcpy(&four, at, (size_t)bytes);
    return four;
}

/* Fills base, offset and length from the bytes after the ModRM byte. */
static void decode_memory(instruction *i, const ucontext_t *context, const uint8_t *code)
{
    int x = ~code[1] >> 6 & 1, b = ~code[1] >> 5 & 1;
    int bytes = i->mod == 1 ? 1 : i->mod == 2 ? 4 : 0;
    int64_t address = 0;
    if (i->rm == 4) {
        int sib = code[i->length++];
        int index = (sib >> 3 & 7) | x << 3;
        if (index != 4) i->offset = register_value(context, index) * (1 << (sib >> 6));
        if ((sib & 7) == 5 && i->mod == 0)
            bytes = 4;
        else
            address = register_value(context, (sib & 7) | b << 3);
    } else if (i->rm == 5 && i->mod == 0) { /* relative to the next instruction */
        bytes = 4;
        address = (int64_t)(intptr_t)code + i->length + 4;
    } else {
        address = register_value(context, i->rm | b << 3);
    }
    address += displacement(code + i->length, bytes);
    i->length += bytes;
    i->base = (uint8_t *)(intptr_t)address;
}

/* False if this is no AMX instruction that we know. */
static bool decode(instruction *i, const ucontext_t *context)
{
    const uint8_t *code = (const uint8_t *)(intptr_t)context->uc_mcontext.gregs[REG_RIP];
    if (code[0] != 0xC4 || (code[1] & 31) != 2 || code[2] & 0x84 || !(code[1] & 0x80)) return false;
    *i = (instruction){.prefix = code[2] & 3,
                       .opcode = code[3],
                       .mod = code[4] >> 6,
                       .reg = code[4] >> 3 & 7,
                       .rm = code[4] & 7,
                       .vvvv = ~code[2] >> 3 & 15,
                       .length = 5};
    if (i->mod != 3) decode_memory(i, context, code);
    return true;
}

static bool any_nonzero(const void *bytes, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (((const uint8_t *)bytes)[k]) return true;
    return false;
}

/* The functions below return NULL or a fault. */

static const char *load_configuration(const void *memory)
{
    configuration c;
    memcpy(&c, memory, sizeof c);
    if (c.palette > 1) return "LDTILECFG: an unknown palette";
    if (c.palette == 0) {
        memset(&t, 0, sizeof t);
        return NULL;
    }
    if (c.start_row) return "LDTILECFG: a start row, which is not emulated";
    if (any_nonzero(c.reserved, sizeof c.reserved) ||
        any_nonzero(c.no_row_bytes, sizeof c.no_row_bytes) ||
        any_nonzero(c.no_rows, sizeof c.no_rows))
        return "LDTILECFG: reserved bytes are not zero";
    for (int i = 0; i < TILES; i++) {
        if (c.row_bytes[i] > ROW_BYTES || c.rows[i] > ROWS) return "LDTILECFG: a tile is too large";
        if (!c.rows[i] != !c.row_bytes[i]) return "LDTILECFG: a tile is half empty";
    }
    memset(&t, 0, sizeof t);
    t.configured = true;
    t.shape = c;
    return NULL;
}

static bool is_valid(int tile)
{
    return t.configured && t.shape.rows[tile] > 0;
}

static const char *load(int tile, const uint8_t *base, int64_t stride)
{
    if (!is_valid(tile)) return "TILELOADD: the tile is not configured";
    memset(t.data[tile], 0, sizeof t.data[tile]);
    for (int r = 0; r < t.shape.rows[tile]; r++)
        memcpy(t.data[tile][r], base + r * stride, t.shape.row_bytes[tile]);
    return NULL;
}

static const char *store(uint8_t *base, int64_t stride, int tile)
{
    if (!is_valid(tile)) return "TILESTORED: the tile is not configured";
    for (int r = 0; r < t.shape.rows[tile]; r++)
        memcpy(base + r * stride, t.data[tile][r], t.shape.row_bytes[tile]);
    return NULL;
}

static const char *zero(int tile)
{
    if (!is_valid(tile)) return "TILEZERO: the tile is not configured";
    memset(t.data[tile], 0, sizeof t.data[tile]);
    return NULL;
}

/* C[m,n] += sum over k and four bytes j of A[m, 4k + j] B[k, 4n + j], modulo 2^32. */
static const char *multiply(int C, int A, int B, bool signed_a, bool signed_b)
{
    if (C == A || C == B || A == B) return "TDPB: the same tile twice";
    if (!is_valid(C) || !is_valid(A) || B >= TILES || !is_valid(B))
        return "TDPB: a tile is not configured";
    const uint16_t *row_bytes = t.shape.row_bytes;
    const uint8_t *rows = t.shape.rows;
    if (row_bytes[C] % 4 || row_bytes[A] % 4 || row_bytes[B] % 4)
        return "TDPB: rows are not whole groups of four bytes";
    if (rows[C] != rows[A] || row_bytes[A] / 4 != rows[B] || row_bytes[C] != row_bytes[B])
        return "TDPB: shapes do not fit";
    for (int m = 0; m < rows[C]; m++)
        for (int n = 0; n < row_bytes[C] / 4; n++) {
            uint32_t sum;
            memcpy(&sum, &t.data[C][m][4 * n], 4);
            for (int k = 0; k < rows[B]; k++)
                for (int j = 0; j < 4; j++) {
                    uint8_t a = t.data[A][m][4 * k + j], b = t.data[B][k][4 * n + j];
                    sum += (uint32_t)((signed_a ? (int8_t)a : a) * (signed_b ? (int8_t)b : b));
                }
            memcpy(&t.data[C][m][4 * n], &sum, 4);
        }
    return NULL;
}

/* False for instructions that are not ours. */
static bool execute(const instruction *i, const char **fault)
{
    bool memory = i->mod != 3;
    *fault = NULL;
    if (i->opcode == 0x49 && i->prefix == NO_PREFIX && memory && i->reg == 0 && i->vvvv == 0)
        *fault = load_configuration(i->base + i->offset);
    else if (i->opcode == 0x49 && i->prefix == NO_PREFIX && !memory && i->reg == 0 && i->rm == 0)
        memset(&t, 0, sizeof t);
    else if (i->opcode == 0x49 && i->prefix == PREFIX_F2 && !memory && i->rm == 0)
        *fault = zero(i->reg);
    else if (i->opcode == 0x4B && memory && i->rm == 4 && i->prefix == PREFIX_F3)
        *fault = store(i->base, i->offset, i->reg);
    else if (i->opcode == 0x4B && memory && i->rm == 4 && i->prefix != NO_PREFIX)
        *fault = load(i->reg, i->base, i->offset);
    else if (i->opcode == 0x5E && !memory)
        *fault = multiply(i->reg, i->rm, i->vvvv, i->prefix & 2, i->prefix & 1);
    else
        return false;
    return true;
}

static void on_illegal_instruction(int number, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    instruction i;
    const char *fault, *none = NULL;
    (void)info;
    if (!decode(&i, c) || !execute(&i, &fault)) {
        signal(number, SIG_DFL); /* the instruction is met again and ends the program */
        return;
    }
    if (fault) atomic_compare_exchange_strong(&first_fault, &none, fault);
    count++;
    c->uc_mcontext.gregs[REG_RIP] += i.length;
}

bool amx_emulator_install(void)
{
    struct sigaction action = {.sa_sigaction = on_illegal_instruction, .sa_flags = SA_SIGINFO};
    return sigaction(SIGILL, &action, NULL) == 0;
}

#else

bool amx_emulator_install(void)
{
    return false;
}

bool amx_emulator_configured(void)
{
    return false;
}

#endif
