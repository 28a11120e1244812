/* engine/exec_sessions.h: exec sessions that are made in one request, started in another and looked at in a third,
 * each by a process of its own.
 *
 * The first half of a session's ID is the first half of its container's, so no list of sessions is kept.  What was asked
 * for is <run directory>/exec/<id>.json; beside it the monitor notes how it ended (spec/monitor.h).  Both go with the
 * container's run directory. */
#pragma once

#include "engine/containers.h"

struct exec_session {
    char *id;
    char **command, **env;
    char *user, *workdir, *detach_keys;
    bool terminal, privileged;
    bool in, out, err; /* which streams are attached */
    int64_t pid;       /* 0: it was not started */
    int64_t *failed;   /* the exit code of a command that could not be started: 126, 127 */
    bool running;      /* not kept: as exec_session_find() saw it */
    int64_t exit_code;
};

/* ERR_STATE when @c does not run.  s->id is set. */
int exec_session_create(struct engine *e, struct arena *a, const struct container *c,
                        struct exec_session *s, struct err *err) MUST_CHECK;
/* "no such exec session" is ERR_NOT_FOUND. */
int exec_session_find(struct engine *e, struct arena *a, const char *id, struct container *ret_c,
                      struct exec_session *ret, struct err *err) MUST_CHECK;
/* Without @ret_sock in the background; otherwise an attach connection. */
int exec_session_start(struct engine *e, const struct container *c, struct exec_session *s,
                       int *ret_sock, struct err *err) MUST_CHECK;
int exec_session_resize(struct engine *e, const struct container *c, const struct exec_session *s,
                        uint16_t rows, uint16_t cols, struct err *err) MUST_CHECK;
/* With @force one that runs is killed. */
int exec_session_remove(struct engine *e, const struct container *c, const struct exec_session *s,
                        bool force, struct err *err) MUST_CHECK;
