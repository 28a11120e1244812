/* engine/quadlets.h: the quadlets that are installed for whoever asks: the system's for root, a user's own.
 *
 * Nothing here needs the store.  An application is several quadlets and the files beside them that were
 * installed together; the hidden file ".NAME.app" in the directory lists them, one a line, and
 * ".QUADLET.asset" the files that came with a single quadlet.  Removing one of an application's quadlets
 * removes the application. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct quadlet_row {
    const char *name, *unit_name, *path, *app, *pod;
    const char *status; /* "active/running", or "Not loaded" */
};
/* What `quadlet list --format json` and the API show; a new reference. */
json_t *quadlet_document(const struct quadlet_row *q);
struct quadlet_list {
    struct quadlet_row *items;
    size_t n;
};

/* Filters name= (a pattern), status=, pod=.  Sorted by name. */
int quadlets_list(struct arena *a, char *const *filters, struct quadlet_list *ret,
                  struct err *err) MUST_CHECK;

struct quadlets_install {
    char *const *paths; /* a file, a directory, a URL or X.quadlets; further files come with it */
    bool replace, reload;
};
/* Nothing is written when one of the names is taken.  The paths that were written in @ret. */
int quadlets_install(struct arena *a, const struct quadlets_install *o, char ***ret,
                     struct err *err) MUST_CHECK;

enum { QUADLET_TEXT_MAX = 16 << 20 }; /* of one file */
int quadlets_print(struct arena *a, const char *name, struct buf *out, struct err *err) MUST_CHECK;

struct quadlets_remove {
    char *const *names; /* of quadlets, or of applications: ".NAME.app" */
    bool all, force, ignore, reload;
};
/* Those that could be removed are; their names in @ret, also beside an error. */
int quadlets_remove(struct arena *a, const struct quadlets_remove *o, char ***ret,
                    struct err *err) MUST_CHECK;
