/*
** heartbeat.h - a thread that repeats one SQL statement, for the bindings of databases
**
** A worker of a sweep renews its lease so: a process that is stopped or dead renews nothing. The
** thread has a connection of its own, which it opens for its first beat, not before. It blocks all
** signals, touches no Lua, and ends when the statement changes no row any more, or soon after it is
** told to; a database that cannot be reached is tried again until then.
**
** The libraries that link this file each have a copy of it; nothing here is shared between them.
*/
#ifndef NN_BIND_HEARTBEAT_H
#define NN_BIND_HEARTBEAT_H

#include <lua.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A parameter of the statement. */
typedef struct nnb_beat_value {
    int type;            /* LUA_TNIL, LUA_TBOOLEAN, LUA_TNUMBER or LUA_TSTRING */
    bool is_integer;     /* of a number */
    lua_Integer integer; /* also 0 or 1 for a boolean */
    lua_Number number;
    const char *text; /* the heartbeat keeps the string alive */
    size_t size;
} nnb_beat_value;

typedef struct nnb_heartbeat nnb_heartbeat;

/* What a database brings along. */
typedef struct nnb_beat_driver {
    /* Runs the statement, connecting first if *connection is NULL. Returns how many rows it
    ** changed; -1 if it could not be run, to be tried again. */
    int64_t (*beat)(nnb_heartbeat *h, void **connection);
    void (*disconnect)(void *connection); /* may be NULL */
} nnb_beat_driver;

struct nnb_heartbeat {
    const char *place; /* what to connect to; the heartbeat keeps the string alive */
    const char *sql;   /* kept alive, too */
    double seconds;    /* between two beats */
    const nnb_beat_driver *driver;
    pthread_t thread;
    bool started;       /* the thread is to be joined */
    int wake[2];        /* a pipe; closing [1] ends what waits at [0] */
    atomic_bool lost;   /* a beat changed no row */
    atomic_llong beats; /* that changed one */
    int count;          /* of values */
    nnb_beat_value values[];
};

/* Starts a heartbeat of the driver with the arguments (place, seconds, sql, ...) from index 1 and
** pushes it: an object with the methods
**   lost()   whether a beat found nothing to change: the last one then
**   beats()  how many changed something
**   close()  ends it; again is harmless; also __close and __gc */
int nnb_heartbeat_start(lua_State *L, const nnb_beat_driver *driver);

/* For drivers, in the thread: waits so long. False if the heartbeat is to end. */
bool nnb_heartbeat_pause(nnb_heartbeat *h, double seconds);

#endif
