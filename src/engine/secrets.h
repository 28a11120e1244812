/* engine/secrets.h: secrets: a directory graphroot/secrets/<id> each, with `secret.json` and `data`, which only
 * their owner may read.  The directory appears whole, and under the lock of all secrets, so names are unique. */
#pragma once

#include "engine/containers.h"
#include "spec/secret.h"

enum { SECRET_MAX = 512000 };

struct secret_list {
    struct secret_config *items;
    size_t n;
};

/* ERR_CONFLICT when the name is taken, unless it is to be replaced (a new ID) or ignored (s->id is then that of
 * the one that is there). */
int secrets_create(struct engine *e, struct arena *a, struct secret_config *s, const void *data,
                   size_t len, bool replace, bool ignore, struct err *err) MUST_CHECK;
/* By name, ID or the unambiguous beginning of one. */
int secrets_find(struct engine *e, struct arena *a, const char *name, struct secret_config *ret,
                 struct err *err) MUST_CHECK;
/* Sorted by name; filters name= and id=. */
int secrets_list(struct engine *e, struct arena *a, char *const *filters, struct secret_list *out,
                 struct err *err) MUST_CHECK;
int secrets_remove(struct engine *e, const struct secret_config *s, struct err *err) MUST_CHECK;
int secrets_read(struct engine *e, const struct secret_config *s, struct buf *out,
                 struct err *err) MUST_CHECK;

/* "name[,type=mount|env][,target=X][,uid=N][,gid=N][,mode=0444]" */
int option_secret(struct arena *a, const char *text, struct container_config *c,
                  struct err *err) MUST_CHECK;
