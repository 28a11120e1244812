/* spec/scp.h: what `image scp` is given.
 *
 *   IMAGE                  here
 *   USER@localhost::IMAGE  in the store of another user of this machine
 *   HOST::IMAGE            on another machine: a connection's name, [user@]host[:port], ssh://...
 *
 * As a destination, an image is another name for it there. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum scp_place { SCP_HERE, SCP_USER, SCP_HOST };

struct scp_end {
    enum scp_place place;
    char *user;  /* of SCP_USER */
    char *host;  /* of SCP_HOST, as given */
    char *image; /* NULL when nothing follows "::" */
};
int scp_parse(struct arena *a, const char *text, struct scp_end *ret, struct err *err) MUST_CHECK;

/* Where ssh has to go: "ssh://user@host:port/path", "user@host:port", "host". */
struct scp_target {
    char *login; /* "user@host" or "host": never begins with '-' */
    char *port;  /* NULL: ssh's own */
};
int scp_target_parse(struct arena *a, const char *text, struct scp_target *ret,
                     struct err *err) MUST_CHECK;
