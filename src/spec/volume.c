#include "spec/volume.h"

#include "base/banned.h"

#define V struct volume_config
static const struct json_field volume_rows[] = {
    JF_STR(V, name, "name", 0),
    JF_STR(V, driver, "driver", 0),
    JF_TIME(V, created, "created", 0),
    JF_BOOL(V, anonymous, "anonymous", 0),
    JF_I64(V, uid, "uid", JF_OMIT_EMPTY),
    JF_I64(V, gid, "gid", JF_OMIT_EMPTY),
    JF_MAP(V, labels, "labels", 0),
    JF_MAP(V, options, "options", 0),
    { 0 },
};
#undef V
const struct json_type volume_config_type = JSON_TYPE(struct volume_config, volume_rows);
