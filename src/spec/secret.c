#include "spec/secret.h"

#include "base/banned.h"

#define S struct secret_config
static const struct json_field config_rows[] = {
    JF_STR(S, id, "id", JF_REQUIRED),
    JF_STR(S, name, "name", JF_REQUIRED),
    JF_STR(S, driver, "driver", 0),
    JF_TIME(S, created, "created", 0),
    JF_TIME(S, updated, "updated", 0),
    JF_MAP(S, labels, "labels", JF_OMIT_EMPTY),
    JF_MAP(S, options, "options", JF_OMIT_EMPTY),
    { 0 },
};
#undef S
const struct json_type secret_config_type = JSON_TYPE(struct secret_config, config_rows);

#define C struct container_secret
static const struct json_field container_rows[] = {
    JF_STR(C, name, "name", JF_REQUIRED), JF_STR(C, id, "id", 0),
    JF_STR(C, type, "type", 0),           JF_STR(C, target, "target", JF_OMIT_EMPTY),
    JF_I64(C, uid, "uid", JF_OMIT_EMPTY), JF_I64(C, gid, "gid", JF_OMIT_EMPTY),
    JF_I64(C, mode, "mode", 0),           { 0 },
};
#undef C
const struct json_type container_secret_type = JSON_TYPE(struct container_secret, container_rows);
