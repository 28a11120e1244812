#include <signal.h>

#include "engine/kube_priv.h"
#include "engine/pods.h"

#include "base/banned.h"

/* The service container of `kube play --service-container`: systemd wants one process that lives as long as the
 * service does, and a stream of YAML may make several pods.  It is our pause program with a monitor, whose PID
 * systemd is told. */

static void count(const struct pod *p, size_t *running, size_t *ended, size_t *failed)
{
    *running += p->status == POD_RUNNING || p->status == POD_DEGRADED || p->status == POD_PAUSED;
    for (size_t i = 0; i < p->members.n; i++) {
        const struct container *c = &p->members.items[i];
        if (c->config.infra || c->config.init_type || c->status != CTR_EXITED)
            continue;
        ++*ended;
        *failed += c->run.exit_code != 0;
    }
}

static int end_service(struct engine *e, const struct container *c, const struct pod_config *p,
                       size_t ended, size_t failed, struct err *err)
{
    bool any = str_same(p->service_exit, "any") && failed,
         all = str_same(p->service_exit, "all") && failed && failed == ended, was;

    if (!c->alive || c->status == CTR_EXITED)
        return 0;
    if (!any && !all)
        return container_stop(e, c, -2, &was, err);
    int code, r = container_kill(e, c, SIGUSR1, err);
    if (r == -ECONNRESET || r == -EPIPE || r == -ECONNREFUSED) { /* it is on its way already */
        err_clear(err);
        r = 0;
    }
    return r < 0 ? r : container_wait(e, c, 1u << CTR_EXITED, 5000000, &code, err);
}

int kube_service_follow(struct engine *e, struct arena *a, const struct pod_config *p,
                        struct err *err)
{
    size_t pods = 0, running = 0, ended = 0, failed = 0;
    struct pod_list list = { 0 };
    struct container c;
    char **warnings = NULL;

    if (str_empty(p->service_id))
        return 0;
    int r = pod_list(e, a, &list, err);
    for (size_t i = 0; r == 0 && i < list.n; i++)
        if (str_same(list.items[i].config.service_id, p->service_id)) {
            pods++;
            count(&list.items[i], &running, &ended, &failed);
        }
    if (r == 0)
        r = container_find(e, a, p->service_id, &c, err);
    if (r < 0) { /* somebody removed it */
        bool gone = err && err->kind == ERR_NOT_FOUND;
        if (gone)
            err_clear(err);
        return gone ? 0 : r;
    }
    if (!pods) {
        const struct container_remove_options o = { .force = true,
                                                    .volumes = true,
                                                    .timeout_s = -2 };
        return container_remove(e, &c, &o, err);
    }
    if (running)
        return c.alive ? 0 : container_start(e, a, &c, false, NULL, &warnings, err);
    return end_service(e, &c, p, ended, failed, err);
}

/* The same YAML has the same service container. */
static char *service_name(struct arena *a, const json_t *docs)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    AUTO_BUF text = { 0 };

    json_text(docs, 0, &text);
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.data[i]) * 1099511628211u;
    return arena_printf(a, "%012llx-service", (unsigned long long)(h & 0xffffffffffff));
}

int kube_service_start(struct kube_maker *m, const json_t *docs)
{
    struct container_config c = {
        .name = service_name(m->a, docs),
        .service = true,
        .stop_timeout = -2,
        .log_size_max = -1,
        .netns = arena_strdup(m->a, "none"),
        .sdnotify = arena_strdup(m->a, "ignore"), /* kube_service_ready() tells, once all runs */
    };
    struct container made;
    int r = pod_pause_program(m->e, m->a, &c, m->err);

    if (r == 0)
        r = container_create(m->e, m->a, &c, NULL, NULL, m->o->replace, &m->report->warnings,
                             m->err);
    if (r == 0)
        r = container_find(m->e, m->a, c.id, &made, m->err);
    if (r == 0)
        r = container_start(m->e, m->a, &made, false, NULL, &m->report->warnings, m->err);
    if (r == 0)
        m->service_id = c.id;
    return r < 0 ? err_wrap(m->err, "the service container") : 0;
}

int kube_service_ready(struct kube_maker *m)
{
    struct container c;
    int r = container_find(m->e, m->a, m->service_id, &c, m->err);

    if (r < 0)
        return r;
    c.config.sdnotify = arena_strdup(m->a, "conmon");
    notify_started(&c.config, c.run.monitor_pid);
    return 0;
}

void kube_service_forget(struct kube_maker *m)
{
    const struct container_remove_options o = { .force = true, .volumes = true, .timeout_s = 0 };
    struct container c;

    if (m->service_id && container_find(m->e, m->a, m->service_id, &c, NULL) == 0)
        (void)!container_remove(m->e, &c, &o, NULL);
}
