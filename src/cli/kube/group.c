/* podman kube, play, generate: the groups; kube down, generate, apply */
#include <fcntl.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/kube/kube.h"
#include "config/containers.h"

#include "base/banned.h"

int kube_read(struct cmd_ctx *x, const char *path, json_t **ret)
{
    AUTO_BUF text = { .max = LIMIT_YAML_BYTES };
    struct engine *e = cmd_engine(x);
    bool in = STR_EQ(path, "-");

    if (!e)
        return -EIO;
    if (str_starts(path, "http://") || str_starts(path, "https://"))
        return err_set(x->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "%s: fetching YAML is not supported: fetch it first, and give the file",
                       path);
    int r = in ? buf_read_fd(&text, STDIN_FILENO) : fs_read_file(AT_FDCWD, path, &text);
    if (r < 0)
        return err_set(x->err, err_kind_of_errno(-r), -r, "open %s: %s", path,
                       r == -ENOENT ? "no such file or directory" : strerror(-r));
    return kube_parse(e, text.data ? text.data : "", text.len, in ? "standard input" : path, ret,
                      x->err);
}

/* ---------- down ---------- */

static void print_list(const char *title, char *const *lines)
{
    puts(title);
    for (; lines && *lines; lines++)
        puts(*lines);
}

int kube_tear_down(struct cmd_ctx *x, json_t *docs, bool force)
{
    struct kube_down_report report = { 0 };
    int r = kube_down(cmd_engine(x), x->arena, docs, force, &report, x->err);

    print_list("Pods stopped:", report.stopped);
    print_list("Pods removed:", report.removed);
    print_list("Secrets removed:", report.secrets);
    print_list("Volumes removed:", report.volumes);
    return r;
}

struct down_args {
    bool force;
};

static int down_run(struct cmd_ctx *x, void *args)
{
    const struct down_args *o = args;
    AUTO_JSON *docs = NULL;
    int r = kube_read(x, x->args[0], &docs);

    return r < 0 ? r : kube_tear_down(x, docs, o->force);
}

static const struct opt down_opts[] = {
    O_BOOL(0, "force", struct down_args, force, "Remove also the volumes that were made"),
    { 0 },
};
static const struct opt *const down_tables[] = { down_opts, NULL };
const struct cmd cmd_kube_down = {
    .name = "down",
    .summary = "Remove pods based on Kubernetes YAML",
    .usage = "[options] KUBEFILE|-",
    .description = "Removes the pods, containers and secrets that podman kube play has made of the "
                   "same YAML.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_FILE,
    .opts = down_tables,
    .args_size = sizeof(struct down_args),
    .run = down_run,
};

/* ---------- generate ---------- */

struct generate_args {
    char *filename, *type;
    int64_t replicas;
    bool service, no_trunc, podman_only;
};

static int generate_run(struct cmd_ctx *x, void *args)
{
    const struct generate_args *o = args;
    struct engine *e = cmd_engine(x);
    AUTO_BUF out = { 0 };

    if (!e)
        return -EIO;
    const char *conf = engine_config(e)->engine.kube_generate_type;
    struct kube_generate_options how = { .type = o->type           ? o->type
                                                 : str_empty(conf) ? "pod"
                                                                   : conf,
                                         .service = o->service,
                                         .podman_only = o->podman_only,
                                         .no_trunc = o->no_trunc,
                                         .replicas = o->replicas };
    if (o->replicas < 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--replicas must be at least 1");
    if (cmd_given(x, "replicas") && !STR_EQ(how.type, "deployment"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--replicas can only be set when --type is set to deployment");
    if (o->filename && access(o->filename, F_OK) == 0)
        return err_set(x->err, ERR_CONFLICT, EEXIST, "cannot write to \"%s\"; file exists",
                       o->filename);
    int r = kube_generate(e, x->arena, x->args, &how, &out, x->err);
    if (r < 0)
        return r;
    if (!o->filename) {
        fwrite(out.data, 1, out.len, stdout);
        return 0;
    }
    AUTO_CLOSE int fd = open(o->filename, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    r = fd < 0 ? -errno : write_all(fd, out.data, out.len);
    return r < 0 ? err_sys(x->err, -r, "writing %s", o->filename) : 0;
}

static const struct opt generate_opts[] = {
    O_STR('f', "filename", struct generate_args, filename, "path",
          "Write output to the specified path", .complete = COMPLETE_FILE),
    O_BOOL(0, "no-trunc", struct generate_args, no_trunc,
           "Keep annotations that are longer than the 63 characters of Kubernetes"),
    O_BOOL(0, "notruncate", struct generate_args, no_trunc, "The same as --no-trunc",
           .flags = OPTF_HIDDEN),
    O_BOOL(0, "podman-only", struct generate_args, podman_only,
           "Add podman-only reserved annotations, which Kubernetes does not know"),
    O_INT('r', "replicas", struct generate_args, replicas, "number",
          "Set the replicas number for Deployment kind", .def = "1"),
    O_BOOL('s', "service", struct generate_args, service,
           "Generate YAML for a Kubernetes service object"),
    O_STR('t', "type", struct generate_args, type, "kind",
          "Generate YAML for the given Kubernetes kind", .choices = "pod|deployment|daemonset|job"),
    { 0 },
};
static const struct opt *const generate_tables[] = { generate_opts, NULL };
static const char *const generate_examples[] = {
    "podman kube generate ctrID", "podman kube generate podID",
    "podman kube generate --service --filename app.yaml podID volumeName", NULL
};
const struct cmd cmd_kube_generate = {
    .name = "generate",
    .summary = "Generate Kubernetes YAML from containers, pods or volumes",
    .usage = "[options] {CONTAINER...|POD...|VOLUME...}",
    .description = "Prints Kubernetes YAML from which podman kube play makes the same containers, "
                   "pods or volumes again.",
    .examples = generate_examples,
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = generate_tables,
    .args_size = sizeof(struct generate_args),
    .run = generate_run,
};

/* ---------- apply ---------- */

struct apply_args {
    char *ca_cert_file, *file, *kubeconfig, *ns;
    bool service;
};

static int apply_run(struct cmd_ctx *x, void *args)
{
    const struct apply_args *o = args;

    return err_set(x->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                   "kube apply: talking to a Kubernetes cluster is not supported: write the YAML "
                   "with podman kube generate, then kubectl apply -f %s",
                   o->file ? o->file : "FILE");
}

static const struct opt apply_opts[] = {
    O_STR(0, "ca-cert-file", struct apply_args, ca_cert_file, "path",
          "Path to the CA cert file for the Kubernetes cluster", .complete = COMPLETE_FILE),
    O_STR('f', "file", struct apply_args, file, "path",
          "Path to the Kubernetes YAML file to deploy", .complete = COMPLETE_FILE),
    O_STR('k', "kubeconfig", struct apply_args, kubeconfig, "path", "Path to the kubeconfig file",
          .complete = COMPLETE_FILE),
    O_STR(0, "ns", struct apply_args, ns, "namespace", "The namespace to deploy the workload to"),
    O_STR(0, "namespace", struct apply_args, ns, "namespace", "The same as --ns",
          .flags = OPTF_HIDDEN),
    O_BOOL('s', "service", struct apply_args, service,
           "Create a service object for the container being deployed"),
    { 0 },
};
static const struct opt *const apply_tables[] = { apply_opts, NULL };
const struct cmd cmd_kube_apply = {
    .name = "apply",
    .summary = "Deploy a podman container, pod, volume, or Kubernetes YAML to a Kubernetes cluster",
    .usage = "[options] [CONTAINER...|POD...|VOLUME...]",
    .description = "Talks to a Kubernetes cluster, which is not supported here: the command says "
                   "how to do it with kubectl.",
    .max_args = -1,
    .flags = CMD_HIDDEN,
    .opts = apply_tables,
    .args_size = sizeof(struct apply_args),
    .run = apply_run,
};

/* ---------- groups ---------- */

static const struct cmd *const kube_subs[] = { &cmd_kube_apply, &cmd_kube_down, &cmd_kube_generate,
                                               &cmd_kube_play, NULL };
const struct cmd cmd_kube = {
    .name = "kube",
    .summary = "Play containers, pods or volumes from a structured file",
    .description =
        "Play containers, pods or volumes from a structured file, and write such a file.",
    .subs = kube_subs,
};

static const struct cmd play_kube = { .name = "kube", .same_as = &cmd_kube_play };
static const struct cmd *const play_subs[] = { &play_kube, NULL };
const struct cmd cmd_play = {
    .name = "play",
    .summary = "Play containers, pods or volumes from a structured file",
    .description = "The older name of podman kube play.",
    .flags = CMD_HIDDEN,
    .subs = play_subs,
};

static const struct cmd generate_kube = { .name = "kube", .same_as = &cmd_kube_generate };
static const struct cmd *const generate_subs[] = { &generate_kube, &cmd_generate_systemd, NULL };
const struct cmd cmd_generate = {
    .name = "generate",
    .summary = "Generate structured data based on containers, pods or volumes",
    .description = "Generate structured data (e.g., Kubernetes YAML) based on containers, pods or "
                   "volumes.",
    .subs = generate_subs,
};
