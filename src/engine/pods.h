/* engine/pods.h: the life of pods.
 *
 * A pod is a row of the database; its members are the containers whose configuration names it.  Most pods have
 * an infra container, which is made with the pod's row in one transaction and goes with it: it runs nothing but
 * podman-init --pause and holds the namespaces that members share.  Members need it (container_needs), so that
 * starting one starts it first.
 *
 * Whoever adds a member or removes the pod holds the pod's lock ("pod", id), taken before any container's.  The
 * row goes last: a removal that was cut off leaves a pod that is listed and can be removed again.  Below the
 * pod's cgroup are those of its members; it is made with the first start and goes with the pod. */
#pragma once

#include "engine/containers.h"
#include "spec/pod.h"

enum pod_status {
    POD_CREATED,
    POD_RUNNING,
    POD_DEGRADED, /* some run */
    POD_PAUSED,
    POD_STOPPED, /* some have ended, none runs */
    POD_EXITED,  /* all have ended */
    POD_ERROR,
    POD_STATUS_COUNT
};
extern const char *const pod_status_names[POD_STATUS_COUNT];

struct pod {
    struct pod_config config;
    enum pod_status status;
    struct container_list members; /* with the infra container, oldest first */
};
struct pod_list {
    struct pod *items;
    size_t n;
};

/* ---------- finding (pod_find.c) ---------- */

/* By name, ID or unambiguous prefix of one, with its members and their state.  ERR_NOT_FOUND: no pod with name
 * or ID x found: no such pod. */
int pod_find(struct engine *e, struct arena *a, const char *name, struct pod *ret,
             struct err *err) MUST_CHECK;
int pod_latest(struct engine *e, struct arena *a, struct pod *ret, struct err *err) MUST_CHECK;
bool pod_exists(struct engine *e, const char *name);
/* All, oldest first. */
int pod_list(struct engine *e, struct arena *a, struct pod_list *out, struct err *err) MUST_CHECK;
/* Keeps those that pass: ctr-ids, ctr-names, ctr-number, ctr-status, id, label, label!, name, network, status,
 * until.  Of one key any, of different keys all. */
int pod_filter(struct engine *e, struct arena *a, struct pod_list *list, char *const *filters,
               struct err *err) MUST_CHECK;
int pod_refresh(struct engine *e, struct arena *a, struct pod *p, struct err *err) MUST_CHECK;
/* NULL without one. */
const struct container *pod_infra(const struct pod *p);
/* The name of the pod with this ID; "" when there is none. */
const char *pod_name(struct engine *e, struct arena *a, const char *id);

/* Documents: new references. */
json_t *pod_inspect(struct engine *e, struct arena *a, const struct pod *p);
json_t *pod_entry(struct engine *e, struct arena *a, const struct pod *p);

/* ---------- making (pod_create.c) ---------- */

struct pod_create {
    struct pod_config *pod;          /* completed: id, name, cgroup, ... */
    struct container_config *infra;  /* options of the pod that its infra container carries */
    const char *infra_image;         /* NULL: our own pause program, no image */
    char **infra_command;            /* NULL: the image's, or ours */
    const struct pull_request *pull; /* for infra_image */
    bool replace;
};
int pod_create(struct engine *e, struct arena *a, const struct pod_create *o, char ***warnings,
               struct err *err) MUST_CHECK;

/* A copy of @from (pod_clone.c): what it was asked to be, to be changed and handed to pod_clone(), which makes the pod and
 * copies of all members, named as they are with "-clone" behind. */
void pod_clone_config(struct engine *e, struct arena *a, const struct pod *from,
                      struct pod_config *pod, struct container_config *infra);
int pod_clone(struct engine *e, struct arena *a, const struct pod *from, const struct pod_create *o,
              char ***warnings, struct err *err) MUST_CHECK;

/* --share ipc,net,uts ("+pid" adds to the usual ones); "none" and "": nothing. */
int option_share(struct arena *a, const char *text, char ***ret, struct err *err) MUST_CHECK;

/* container_create() of a container with c->pod calls this: namespaces, cgroup, volumes and devices of the pod. */
int pod_join(struct engine *e, struct arena *a, struct container_config *c,
             struct err *err) MUST_CHECK;

/* ---------- running (pod_run.c) ----------
 *
 * What goes wrong with one member does not keep the others from being looked after: each problem is a line of
 * *problems ("container ID: why"), and the call returns the first one's errno. */

/* Init containers first, one after the other; *problems as above. */
int pod_start(struct engine *e, struct arena *a, struct pod *p, char ***warnings, char ***problems,
              struct err *err) MUST_CHECK;
/* @timeout_s as container_stop(). */
int pod_stop(struct engine *e, struct arena *a, struct pod *p, int64_t timeout_s, char ***problems,
             struct err *err) MUST_CHECK;
int pod_restart(struct engine *e, struct arena *a, struct pod *p, char ***warnings,
                char ***problems, struct err *err) MUST_CHECK;
int pod_kill(struct engine *e, struct arena *a, struct pod *p, int signo, char ***problems,
             struct err *err) MUST_CHECK;
int pod_pause(struct engine *e, struct arena *a, struct pod *p, bool pause, char ***problems,
              struct err *err) MUST_CHECK;
/* ERR_STATE while members run, without @force. */
int pod_remove(struct engine *e, struct arena *a, const struct pod *p, bool force,
               int64_t timeout_s, struct err *err) MUST_CHECK;
/* Those that do not run; their IDs. */
int pod_prune(struct engine *e, struct arena *a, char ***ret, struct err *err) MUST_CHECK;

/* Before the program of a member starts: the pod's cgroup with its limits is there, and the others know its name. */
int pod_member_prepare(struct engine *e, struct arena *a, const struct container_config *c,
                       char ***warnings, struct err *err) MUST_CHECK;
/* A member has ended: a pod whose exit policy says so stops with its last. */
int pod_member_ended(struct engine *e, const struct container_config *c,
                     struct err *err) MUST_CHECK;

/* Names of the members that an infra container answers to: pod, members. */
char **pod_names(struct engine *e, struct arena *a, const struct container_config *infra);
