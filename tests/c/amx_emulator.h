/*
** amx_emulator.h - AMX tiles in software, for processors without them
**
** A handler of SIGILL carries out the instructions that the digit kernels use, as Intel's manual
** defines them (volume 2, palette 1): LDTILECFG, TILERELEASE, TILEZERO, TILELOADD, TILELOADDT1,
** TILESTORED and the int8 products TDPBSSD, TDPBSUD, TDPBUSD, TDPBUUD. What would be a fault of
** the processor is kept as a text for the test to look at, and the instruction is left undone.
** Any other illegal instruction ends the program as usual. Tiles belong to a thread, which must
** not block the signal. Where the processor has tiles no instruction is illegal, and the handler
** never runs.
*/
#ifndef NN_TESTS_AMX_EMULATOR_H
#define NN_TESTS_AMX_EMULATOR_H

#include <stdbool.h>

bool amx_emulator_install(void); /* false where there is none: not Linux on x86-64 */

/* The first fault since the last call, of any thread; NULL if there was none. */
const char *amx_emulator_fault(void);

long amx_emulator_count(void);      /* instructions carried out so far, by all threads */
bool amx_emulator_configured(void); /* this thread has loaded a configuration and not released it */

#endif
