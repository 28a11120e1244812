/* podman kube play */
#include <fcntl.h>
#include <signal.h>

#include "base/fs.h"
#include "base/parse.h"
#include "cli/containers/select.h"
#include "cli/kube/kube.h"
#include "config/containers.h"
#include "engine/options.h"
#include "engine/options_net.h"

#include "base/banned.h"

struct play_args {
    char **annotation, **configmap, **ip, **log_opt, **mac_address, **network, **publish;
    char *authfile, *cert_dir, *context_dir, *creds, *log_driver, *seccomp_root, *propagation,
        *signature_policy, *userns;
    bool down, force, no_hostname, no_hosts, no_pod_prefix, no_trunc, publish_all, quiet, replace,
        service_container, start, wait;
    int build, tls_verify;
};

#define A struct play_args

/* ---------- options ---------- */

static int check(struct cmd_ctx *x, const struct play_args *o)
{
    if (o->context_dir && o->build != 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--build must be specified when using --context-dir option");
    if (o->down && o->replace)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--replace and --down cannot be used together");
    if (o->force && !o->down)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--force may be specified only with --down");
    if (o->wait && !o->start)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--wait and --start=false cannot be used together");
    for (char **p = o->annotation; p && *p; p++)
        if (!strchr(*p, '='))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL, "annotation %s must include an '=' sign",
                           *p);
    return 0;
}

static int fill_log(struct cmd_ctx *x, const struct play_args *o, struct kube_play_options *k)
{
    k->log_driver = o->log_driver;
    k->log_size_max = -1;
    for (char **p = o->log_opt; p && *p; p++) {
        const char *eq = strchr(*p, '=');
        if (!eq)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "invalid log option \"%s\": must be key=value", *p);
        if (str_starts(*p, "path="))
            k->log_path = arena_strdup(x->arena, eq + 1);
        else if (str_starts(*p, "tag="))
            k->log_tag = arena_strdup(x->arena, eq + 1);
        else if (str_starts(*p, "label="))
            kv_set_words(x->arena, &k->log_options,
                         (char *[]) { arena_strdup(x->arena, eq + 1), NULL });
        else if (!str_starts(*p, "max-size=") || parse_size_decimal(eq + 1, &k->log_size_max) < 0)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "log option \"%s\": use path, tag, label or max-size=SIZE", *p);
    }
    return 0;
}

static int fill_network(struct cmd_ctx *x, const struct play_args *o, struct kube_play_options *k)
{
    struct container_config *c = &k->network;
    int r = option_networks(x->arena, o->network, c, x->err);

    for (char **p = o->publish; r == 0 && p && *p; p++)
        r = option_publish(x->arena, *p, LIST_ADD(x->arena, c->ports), x->err);
    for (char **p = o->ip; r == 0 && p && *p; p++)
        r = option_ip(*p, 0, x->err);
    for (char **p = o->mac_address; r == 0 && p && *p; p++)
        r = option_mac(*p, x->err);
    k->ips = o->ip;
    k->macs = o->mac_address;
    c->no_hosts = o->no_hosts ||
                  (!cmd_given(x, "no-hosts") && engine_config(cmd_engine(x))->containers.no_hosts);
    c->no_hostname = o->no_hostname;
    c->userns = o->userns;
    return r;
}

static char **command_line(struct arena *a)
{
    AUTO_BUF line = { .max = 1u << 20 };
    char **out = NULL;

    if (fs_read_file(AT_FDCWD, "/proc/self/cmdline", &line) == 0)
        for (char *p = line.data; p && p < line.data + line.len; p += strlen(p) + 1)
            out = strv_add(a, out, p);
    return out;
}

static int fill(struct cmd_ctx *x, const struct play_args *o, struct kube_play_options *k)
{
    const char *image = engine_config(cmd_engine(x))->engine.infra_image;

    *k = (struct kube_play_options) {
        .publish_all = o->publish_all,
        .no_pod_prefix = o->no_pod_prefix,
        .replace = o->replace,
        .start = o->start,
        .service = o->service_container,
        .service_exit = o->propagation,
        .seccomp_root = o->seccomp_root,
        .infra_image = str_empty(image) ? NULL : image,
        .create_command = command_line(x->arena),
        .pull = { .authfile = o->authfile,
                  .creds = o->creds,
                  .cert_dir = o->cert_dir,
                  .tls_verify = o->tls_verify,
                  .quiet = o->quiet,
                  .retry = 3,
                  .retry_delay_ns = -1 },
    };
    kv_set_words(x->arena, &k->annotations, o->annotation);
    int r = fill_log(x, o, k);
    return r < 0 ? r : fill_network(x, o, k);
}

/* ---------- output ---------- */

static int print_report(struct cmd_ctx *x, const struct kube_report *rep)
{
    size_t failed = 0;

    print_warnings(rep->warnings);
    for (char **v = rep->volumes; v && *v; v++)
        printf("%s%s\n", v == rep->volumes ? "Volumes:\n" : "", *v);
    for (char **s = rep->secrets; s && *s; s++)
        printf("%s%s\n", s == rep->secrets ? "Secrets:\n" : "", *s);
    for (size_t i = 0; i < rep->pods.n; i++) {
        const struct kube_pod_report *p = &rep->pods.items[i];
        printf("Pod:\n%s\n", p->id);
        if (p->containers)
            puts(p->containers[1] ? "Containers:" : "Container:");
        for (char **c = p->containers; c && *c; c++)
            puts(*c);
        puts("");
        fflush(stdout);
        for (char **e = p->errors; e && *e; e++, failed++)
            fprintf(stderr, "%s\n", *e);
    }
    return failed ? err_set(x->err, ERR_INTERNAL, EIO, "failed to start %zu containers", failed)
                  : 0;
}

/* ---------- --wait ---------- */

static volatile sig_atomic_t interrupted;

static void interrupt(int signo)
{
    (void)signo;
    interrupted = 1;
}

/* Until all has ended, or somebody has had enough; then everything goes. */
static int wait_and_remove(struct cmd_ctx *x, json_t *docs, const struct play_args *o,
                           const struct kube_report *rep)
{
    struct sigaction sa = { .sa_handler = interrupt };
    struct kube_down_report gone = { 0 };
    int code = 0;

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    fflush(stdout);
    int r = kube_wait(cmd_engine(x), x->arena, rep, o->propagation, &interrupted, &code, x->err);
    if (r < 0)
        return r;
    puts("Cleaning up containers, pods, and volumes...");
    r = kube_down(cmd_engine(x), x->arena, docs, true, &gone, x->err);
    return r < 0 ? r : code;
}

/* ---------- the command ---------- */

static int read_config_maps(struct cmd_ctx *x, const struct play_args *o, json_t *ret)
{
    for (char **p = o->configmap; p && *p; p++) {
        AUTO_JSON *docs = NULL;
        int r = kube_read(x, *p, &docs);
        if (r < 0)
            return r;
        json_array_extend(ret, docs);
    }
    return 0;
}

static int play_run(struct cmd_ctx *x, void *args)
{
    const struct play_args *o = args;
    struct kube_play_options k;
    struct kube_report rep = { 0 };
    AUTO_JSON *docs = NULL;
    AUTO_JSON *maps = json_array();

    int r = check(x, o);
    if (r == 0)
        r = kube_read(x, x->args[0], &docs);
    if (r < 0)
        return r;
    if (o->down)
        return kube_tear_down(x, docs, o->force);
    r = o->build ? kube_build(x, docs, o->context_dir ? o->context_dir : ".", o->build == 1) : 0;
    if (r == 0)
        r = read_config_maps(x, o, maps);
    if (r == 0)
        r = fill(x, o, &k);
    if (r < 0)
        return r;
    k.config_maps = maps;
    r = kube_play(cmd_engine(x), x->arena, docs, &k, &rep, x->err);
    if (r < 0)
        return r;
    r = print_report(x, &rep);
    return r < 0 || !o->wait ? r : wait_and_remove(x, docs, o, &rep);
}

static const struct opt play_opts[] = {
    O_STRV(0, "annotation", A, annotation, "key=value", "Add annotations to the containers"),
    O_STR(0, "authfile", A, authfile, "path", "Path of the authentication file",
          .flags = OPTF_CREDENTIALS, .complete = COMPLETE_FILE),
    O_TRI(
        0, "build", A, build,
        "Build all images in a YAML for which there is a directory with a Containerfile; when not "
        "given, those that are not here yet"),
    O_STR(0, "cert-dir", A, cert_dir, "path", "Directory with TLS certificates of registries",
          .complete = COMPLETE_DIR),
    O_STRV(0, "configmap", A, configmap, "path",
           "Path of a YAML file with ConfigMaps that the containers refer to",
           .complete = COMPLETE_FILE),
    O_STR(0, "context-dir", A, context_dir, "path",
          "Path to top level of context directory, of --build", .complete = COMPLETE_DIR),
    O_STR(0, "creds", A, creds, "user:password", "Credentials for a registry"),
    O_BOOL(0, "down", A, down, "Stop and remove the pods of the YAML instead"),
    O_BOOL(0, "force", A, force, "Remove volumes as part of --down"),
    O_SLICE(0, "ip", A, ip, "ip", "Static IP addresses to assign to the pods"),
    O_STR(0, "log-driver", A, log_driver, "driver", "Logging driver for the containers",
          .choices = "journald|none|k8s-file|json-file"),
    O_STRV(0, "log-opt", A, log_opt, "key=value", "Logging driver options"),
    O_SLICE(0, "mac-address", A, mac_address, "address",
            "Static MAC addresses to assign to the "
            "pods"),
    O_STRV(0, "network", A, network, "mode", "Connect the pods to networks: as of podman run",
           .complete = COMPLETE_NETWORK),
    O_STRV(0, "net", A, network, "mode", "The same as --network", .flags = OPTF_HIDDEN),
    O_BOOL(0, "no-hostname", A, no_hostname, "Do not create /etc/hostname within the containers"),
    O_BOOL(0, "no-hosts", A, no_hosts,
           "Do not create /etc/hosts within the containers, instead use the version of the image"),
    O_BOOL(0, "no-pod-prefix", A, no_pod_prefix,
           "Do not put the pod's name before the names of its containers"),
    O_BOOL(0, "no-trunc", A, no_trunc, "Annotations are never cut: for scripts",
           .flags = OPTF_HIDDEN),
    O_BOOL(0, "notruncate", A, no_trunc, "The same as --no-trunc", .flags = OPTF_HIDDEN),
    O_SLICE(0, "publish", A, publish, "[[ip:]port:]port",
            "Publish a port, or a range of ports, of the pods to the host"),
    O_BOOL(0, "publish-all", A, publish_all,
           "Publish all ports that the YAML names, also those without a hostPort"),
    O_BOOL('q', "quiet", A, quiet, "Suppress output information when pulling images"),
    O_BOOL(0, "replace", A, replace, "Remove pods of the same names first"),
    O_STR(0, "seccomp-profile-root", A, seccomp_root, "path",
          "Directory where seccomp profiles of type Localhost are",
          .def = "/var/lib/kubelet/seccomp", .complete = COMPLETE_DIR),
    O_BOOL(0, "service-container", A, service_container,
           "Start a service container before the pods", .flags = OPTF_HIDDEN),
    O_STR(0, "service-exit-code-propagation", A, propagation, "policy",
          "What --wait exits with: 0, the code of any container that failed, or of all",
          .def = "none", .choices = "all|any|none", .flags = OPTF_HIDDEN),
    O_STR(0, "signature-policy", A, signature_policy, "path", "Not supported yet",
          .flags = OPTF_HIDDEN | OPTF_UNSUPPORTED),
    O_BOOL(0, "start", A, start, "Start the pods after they were made", .def = "true"),
    O_TRI(0, "tls-verify", A, tls_verify,
          "Require HTTPS and verify certificates when contacting registries"),
    O_STR(0, "userns", A, userns, "mode", "User namespace of the pods"),
    O_BOOL('w', "wait", A, wait,
           "Wait until all containers have ended, or for an interrupt, and clean up"),
    { 0 },
};
static const struct opt *const play_tables[] = { play_opts, NULL };
static const char *const play_examples[] = {
    "podman kube play nginx.yml", "cat nginx.yml | podman kube play -",
    "podman kube play --configmap app-config.yml --replace app.yml", NULL
};
const struct cmd cmd_kube_play = {
    .name = "play",
    .summary = "Play a pod or volume based on Kubernetes YAML",
    .usage = "[options] KUBEFILE|-",
    .description = "Reads in a structured file of Kubernetes YAML: pods, deployments, daemon sets "
                   "and jobs become pods, claims volumes, secrets secrets.",
    .examples = play_examples,
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_FILE,
    .opts = play_tables,
    .args_size = sizeof(A),
    .run = play_run,
};
