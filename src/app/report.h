/*
** report.h - what the executable says on stderr: errors with the script's lines
*/
#ifndef NN_APP_REPORT_H
#define NN_APP_REPORT_H

#include <lua.h>

#define NN_PROGRAM "nnlua"

/* Writes "nnlua: <formatted message>" and a newline on stderr. */
void nn_report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes "nnlua: interrupted at FILE:LINE", on a terminal below the "^C" that it shows. */
void nn_report_interrupted(void);

/* Message handler for lua_pcall: turns any error value into its text (a __tostring is
   honoured) followed by a traceback; "interrupted" and "broken pipe" stay as they are. */
int nn_report_handler(lua_State *L);

/* At exit, however it comes about (os.exit included): a failed write to standard output is
   reported and makes the exit status 1. */
void nn_report_watch_stdout(void);

#endif
