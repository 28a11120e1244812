/* spec/volume.h: what is kept of a volume. */
#pragma once

#include "base/json.h"

struct volume_config {
    char *name, *driver;
    int64_t created;
    bool anonymous; /* nobody named it: it goes with its container */
    int64_t uid, gid;
    kv_list labels, options; /* options: "type", "device", "o" */
};
extern const struct json_type volume_config_type;
