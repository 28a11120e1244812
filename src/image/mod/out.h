/* image/mod/out.h: files that make up an image, into a tar stream or a directory.  Each is written once. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct out {
    int fd; /* the tar, or the directory; borrowed */
    bool dir;
    struct arena arena;
    char **done;
};

/* True when @name was written before; from now on it counts as written. */
bool out_already(struct out *o, const char *name);

/* Starts a file of @size bytes; they go to *ret_fd, which is for out_end(). */
int out_begin(struct out *o, const char *name, int64_t size, int *ret_fd,
              struct err *err) MUST_CHECK;
int out_end(struct out *o, int fd, int64_t size, struct err *err) MUST_CHECK;

/* A whole file, unless it is there. */
int out_text(struct out *o, const char *name, const char *data, size_t len,
             struct err *err) MUST_CHECK;
/* The same out of a file of @size bytes. */
int out_copy(struct out *o, const char *name, int from, int64_t size, struct err *err) MUST_CHECK;

/* At @at, or where @fd stands (-1).  0 or -errno. */
int out_write(int fd, const char *data, size_t len, int64_t at) MUST_CHECK;

/* The bytes alone: @size of them from the start of @from to @at in @to, or where that stands (-1). */
int out_bytes(int from, int to, int64_t at, int64_t size, struct err *err) MUST_CHECK;

/* The end of a tar. */
int out_finish(struct out *o, struct err *err) MUST_CHECK;
void out_done(struct out *o);
