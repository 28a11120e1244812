/* spec/secret.h: what is kept of a secret, beside its data, and what a container has of one. */
#pragma once

#include "base/json.h"

struct secret_config {
    char *id, *name; /* id: 25 hexadecimal digits */
    char *driver;    /* "file" */
    int64_t created, updated;
    kv_list labels, options;
};
extern const struct json_type secret_config_type;

/* --secret: a copy is made when the container is. */
struct container_secret {
    char *name, *id;
    char *type;   /* "mount", "env" */
    char *target; /* path or variable; NULL: named as the secret */
    int64_t uid, gid, mode;
};
extern const struct json_type container_secret_type;
