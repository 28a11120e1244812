#include "base/parse.h"
#include "engine/containers.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

int container_stats(struct engine *e, struct arena *a, const struct container *c,
                    struct run_stats *ret, struct err *err)
{
    AUTO_JSON *req = json_pack("{s:s}", "op", "stats"), *answer = NULL;

    *ret = (struct run_stats) { .sampled_at = time_now() };
    if (c->status != CTR_RUNNING && c->status != CTR_PAUSED)
        return 0;
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    int r = dir < 0 ? err_sys(err, -dir, "opening the run directory of %s", c->config.id)
                    : supervise_request(dir, req, 10000, &answer, NULL, err);
    return r < 0 ? r : json_read(a, json_object_get(answer, "stats"), &run_stats_type, ret, err);
}
