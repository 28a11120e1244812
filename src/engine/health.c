#include "engine/health.h"

#include <strings.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/parse.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

int container_health(struct engine *e, struct arena *a, const struct container *c,
                     struct health_state *ret)
{
    *ret = (struct health_state) { 0 };
    if (!health_has_check(&c->config.health))
        return 0;
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    AUTO_JSON *doc = dir < 0 ? NULL : json_parse_file(dir, "health", LIMIT_JSON_FILE, NULL);
    return doc && json_read(a, doc, &health_state_type, ret, NULL) == 0 && ret->status;
}

int container_health_run(struct engine *e, struct arena *a, const struct container *c,
                         int64_t *ret_code, char **ret_status, struct err *err)
{
    AUTO_JSON *req = json_pack("{s:s}", "op", "health"), *answer = NULL;
    const char *id = c->config.id;

    if (!health_has_check(&c->config.health))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "container %s has no defined healthcheck", id);
    if (c->status != CTR_RUNNING)
        return err_set(err, ERR_STATE, EINVAL, "container %s is not running", id);
    AUTO_CLOSE int dir = container_run_dir(e, id);
    int r = dir < 0 ? err_sys(err, -dir, "opening the run directory of %s", id)
                    : supervise_request(dir, req, -1, &answer, NULL, err);
    if (r < 0)
        return r;
    *ret_code = json_integer_value(json_object_get(answer, "exit_code"));
    *ret_status = arena_strdup(a, json_string_value(json_object_get(answer, "status")));
    return 0;
}

char **option_health_command(struct arena *a, const char *text)
{
    AUTO_JSON *doc = json_parse(text, strlen(text), "--health-cmd", NULL);
    char **out = NULL;
    size_t i;
    json_t *word;

    if (strcasecmp(text, "none") == 0)
        return strv_add(a, NULL, "NONE");
    json_array_foreach (doc, i, word) {
        if (!json_is_string(word))
            return strv_add(a, strv_add(a, NULL, "CMD-SHELL"), text);
        if (i == 0 && !STR_IN(json_string_value(word), "CMD", "CMD-SHELL", "NONE"))
            out = strv_add(a, NULL, "CMD");
        out = strv_add(a, out, json_string_value(word));
    }
    return out ? out : strv_add(a, strv_add(a, NULL, "CMD-SHELL"), text);
}

static int64_t first(int64_t given, int64_t image, int64_t usual)
{
    return given ? given : image ? image : usual;
}

static int check_destination(const struct health_config *h, struct err *err)
{
    struct stat st;
    const char *d = h->log_destination;

    if (str_empty(d) || STR_IN(d, "local", "events_logger"))
        return 0;
    if (d[0] != '/' || stat(d, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(
            err, ERR_BAD_PARAM, ENOTDIR,
            "HealthCheck Log '%s' destination error: it has to be local, events_logger or "
            "a directory that is there",
            d);
    return 0;
}

int health_complete(struct arena *a, const struct image_healthcheck *image,
                    struct container_config *c, struct err *err)
{
    static const struct image_healthcheck none;
    struct health_config *h = &c->health;

    if (!image || h->test)
        image = &none;
    if (!h->test)
        h->test = image->test;
    if (!health_has_check(h)) {
        if (h->startup_test)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "must specify a health check command (--health-cmd) to use a startup "
                           "health check");
        if (str_same(c->sdnotify, "healthy"))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "sdnotify policy \"healthy\" requires a healthcheck to be set");
        h->on_failure = h->log_destination = NULL;
        return 0;
    }
    h->interval = first(h->interval, image->interval, HEALTH_INTERVAL);
    h->timeout = first(h->timeout, image->timeout, HEALTH_TIMEOUT);
    h->start_period = first(h->start_period, image->start_period, 0);
    h->retries = first(h->retries, image->retries, HEALTH_RETRIES);
    h->startup_interval = first(h->startup_interval, 0, HEALTH_INTERVAL);
    h->startup_timeout = first(h->startup_timeout, 0, HEALTH_TIMEOUT);
    if (str_empty(h->on_failure))
        h->on_failure = arena_strdup(a, "none");
    if (str_empty(h->log_destination))
        h->log_destination = arena_strdup(a, "local");
    return check_destination(h, err);
}
