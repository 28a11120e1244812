/* engine/kube.h: Kubernetes' YAML as pods, containers, volumes and secrets of this host, and back.
 *
 * A YAML stream is read by the image module (libyaml is needed nowhere else) and understood by the tables of
 * spec/kube.h.  Pod, Deployment, DaemonSet and Job become one pod each; PersistentVolumeClaim a volume, Secret a
 * secret (kept as the object itself, in JSON), ConfigMap nothing by itself: its entries go into variables and files.
 * Other kinds are passed over. */
#pragma once

#include <signal.h>

#include "engine/pods.h"
#include "spec/kube.h"

/* Reads @text; the documents, ConfigMaps and the like first, in a new reference.  ERR_BAD_PARAM when no document has a
 * kind that is known. */
int kube_parse(struct engine *e, const char *text, size_t len, const char *name, json_t **ret,
               struct err *err) MUST_CHECK;

struct kube_play_options {
    json_t *config_maps; /* documents of --configmap, may be NULL */
    kv_list annotations; /* for every container */
    struct container_config
        network;        /* netns, networks, ports of --publish, no_hosts, no_hostname, userns */
    char **ips, **macs; /* one a pod, in order */
    bool publish_all, no_pod_prefix, replace, start;
    bool service;             /* a service container, which NOTIFY_SOCKET is told of */
    const char *service_exit; /* "none", "any", "all": whose failures are its failure */
    char *log_driver, *log_path, *log_tag;
    int64_t log_size_max; /* -1: as configured */
    kv_list log_options;
    const char *seccomp_root; /* where localhostProfile is looked for */
    struct pull_request pull; /* without a policy: that is the container's */
    const char *infra_image;
    char **create_command;
};

struct kube_pod_report {
    char *id;
    char **containers; /* IDs, without infra and init containers */
    char **errors;     /* of containers that did not start */
};
struct kube_report {
    JSON_LIST(struct kube_pod_report) pods;
    char **volumes, **secrets; /* names, IDs */
    char **warnings;
};
int kube_play(struct engine *e, struct arena *a, json_t *docs, const struct kube_play_options *o,
              struct kube_report *ret, struct err *err) MUST_CHECK;

struct kube_down_report {
    char **stopped, **removed, **secrets, **volumes;
};
/* Removes what kube_play() made of @docs; volumes of claims only with @force.  What is not there is no error. */
int kube_down(struct engine *e, struct arena *a, json_t *docs, bool force,
              struct kube_down_report *ret, struct err *err) MUST_CHECK;

/* Waits until no container of these pods runs, or *@stop is set (by a signal); *ret_code by @propagation: "none" 0,
 * "any" the first failure's, "all" that one when all have failed. */
int kube_wait(struct engine *e, struct arena *a, const struct kube_report *report,
              const char *propagation, const volatile sig_atomic_t *stop, int *ret_code,
              struct err *err) MUST_CHECK;

struct kube_generate_options {
    const char *type; /* "pod", "deployment", "daemonset", "job" */
    bool service, podman_only, no_trunc;
    int64_t replicas;
};
/* YAML of pods, containers and volumes, appended to @out. */
int kube_generate(struct engine *e, struct arena *a, char *const *names,
                  const struct kube_generate_options *o, struct buf *out,
                  struct err *err) MUST_CHECK;
