/* engine/scp.h: images from one store to another.
 *
 * Both stores are worked on by processes: the source writes an archive to the destination's standard input.
 * For our own store and other users' that is this program, on other machines `podman` at the end of ssh.  Where
 * both ends are this program, the source is asked first which blobs the image has and the destination which
 * of them are there already; those are left out. */
#pragma once

#include "engine/engine.h"
#include "spec/scp.h"

struct scp_options {
    const char *format; /* of the archive; NULL: what is best */
    bool quiet;
};
/* @to: without an image. */
int scp_run(struct engine *e, struct arena *a, const struct scp_end *from, const struct scp_end *to,
            const struct scp_options *o, struct err *err) MUST_CHECK;

/* What the hidden command `__scp` does at either end. */
int scp_blobs(struct engine *e, struct arena *a, const char *image, char ***ret,
              struct err *err) MUST_CHECK;
bool scp_has_blob(struct engine *e, const char *digest);
