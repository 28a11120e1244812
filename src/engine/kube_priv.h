/* engine/kube_priv.h: what the files of `kube play` share. */
#pragma once

#include "engine/engine_priv.h"
#include "engine/kube.h"

/* One pod being made. */
struct kube_maker {
    struct engine *e;
    struct arena *a;
    const struct kube_play_options *o;
    struct kube_report *report;
    struct err *err;
    JSON_LIST(struct kube_data) config_maps;
    struct kube_meta *meta; /* of the pod being made */
    const struct kube_pod_spec *spec;
    struct pod_config *pod;
    size_t nth;       /* pods so far */
    char *service_id; /* NULL: none */
};

/* kube_data.c: ConfigMaps and secrets by name.  False with m->err set; with @optional a missing one is an empty one. */
int kube_config_map(struct kube_maker *m, const char *name, bool optional,
                    struct kube_data *ret) MUST_CHECK;
int kube_secret(struct kube_maker *m, const char *name, bool optional,
                struct kube_data *ret) MUST_CHECK;
/* The bytes of an entry: plain, or decoded from base64.  1, or 0 when there is none. */
int kube_data_entry(struct kube_maker *m, const struct kube_data *d, bool secret, const char *key,
                    struct buf *out) MUST_CHECK;
/* Each document of that kind as what it is here. */
int kube_make_secret(struct kube_maker *m, json_t *doc) MUST_CHECK;
int kube_make_claim(struct kube_maker *m, json_t *doc) MUST_CHECK;

/* kube_env.c */
int kube_env(struct kube_maker *m, const struct kube_container *k,
             struct container_config *c) MUST_CHECK;
/* $(NAME) of @text, by @env; $$ is one dollar.  NULL when that comes to more than a megabyte. */
char *kube_expand(struct arena *a, const char *text, char *const *env);
/* "64Mi", "1.5G", "100m" as whole units (@milli: thousandths); -EINVAL. */
int kube_quantity(const char *text, bool milli, int64_t *ret) MUST_CHECK;

/* kube_volumes.c */
int kube_mounts(struct kube_maker *m, const struct kube_container *k,
                struct container_config *c) MUST_CHECK;

/* kube_service.c: makes and starts the service container; tells the service manager of it; takes it away when a pod could
 * not be made. */
int kube_service_start(struct kube_maker *m, const json_t *docs) MUST_CHECK;
int kube_service_ready(struct kube_maker *m) MUST_CHECK;
void kube_service_forget(struct kube_maker *m);

/* kube_container.c: makes it, in the pod m->pod; *ret_id. */
int kube_container(struct kube_maker *m, const struct kube_container *k, bool init,
                   char **ret_id) MUST_CHECK;
/* An annotation of the pod, or the one of this container ("name/container"); NULL. */
const char *kube_annotation(const struct kube_maker *m, const char *name, const char *container);
