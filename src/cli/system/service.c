/* podman system service */
#include "api/server.h"
#include "cli/commands.h"
#include "config/containers.h"
#include "engine/rootless.h"

#include "base/banned.h"

struct service_args {
    uint64_t time;
    char *cors, *tls_cert, *tls_key, *tls_client_ca;
    char **label;
    bool read_only;
};

/* In the process that serves a connection. */
static struct engine *open_engine(void *arg, struct err *err)
{
    struct cmd_ctx here = *(struct cmd_ctx *)arg;

    here.err = err;
    return cmd_engine(&here);
}

/* engine.service_timeout, without an engine: that must not be open when processes are forked. */
static int idle_time(struct cmd_ctx *x, const struct service_args *o, int64_t *ret)
{
    struct config_containers conf = { 0 };

    if (cmd_given(x, "time")) {
        *ret = (int64_t)MIN(o->time, (uint64_t)INT32_MAX);
        return 0;
    }
    int r = config_containers_load(x->arena, global_args.modules, rootless_uid(), &conf, x->err);
    *ret = conf.engine.service_timeout;
    return r;
}

static int service_run(struct cmd_ctx *x, void *args)
{
    const struct service_args *o = args;
    struct api_options a = {
        .uris = x->args,
        .cors = o->cors,
        .tls_cert = o->tls_cert,
        .tls_key = o->tls_key,
        .tls_client_ca = o->tls_client_ca,
        .scope = { .read_only = o->read_only, .labels = o->label },
        .open = open_engine,
        .arg = x,
    };

    int r = idle_time(x, o, &a.idle_s);
    return r < 0 ? r : api_serve(&a, x->err);
}

static const struct opt service_opts[] = {
    O_STR(
        0, "cors", struct service_args, cors, "origin",
        "Set the Access-Control-Allow-Origin header of answers: which pages of a browser may read "
        "them"),
    O_STRV(0, "label", struct service_args, label, "key=value",
           "Show, change and make only containers that have this label"),
    O_BOOL(0, "read-only", struct service_args, read_only,
           "Answer only requests that change nothing (GET and HEAD)"),
    O_UINT('t', "time", struct service_args, time, "seconds",
           "Time until the service session expires in seconds. Use 0 to disable the timeout",
           .def = "5"),
    O_UINT(0, "timeout", struct service_args, time, "seconds", "The same as --time", .def = "5",
           .flags = OPTF_HIDDEN),
    O_STR(0, "tls-cert", struct service_args, tls_cert, "path",
          "PEM file containing TLS serving certificate", .complete = COMPLETE_FILE),
    O_STR(0, "tls-client-ca", struct service_args, tls_client_ca, "path",
          "Only trust client connections with certificates signed by this CA PEM file",
          .complete = COMPLETE_FILE),
    O_STR(0, "tls-key", struct service_args, tls_key, "path",
          "PEM file containing TLS serving certificate's private key", .complete = COMPLETE_FILE),
    { 0 },
};
static const struct opt *const service_tables[] = { service_opts, NULL };
static const char *const service_examples[] = {
    "podman system service --time=0 unix:///tmp/podman.sock",
    "podman system service --read-only --label team=web --time=0 unix:///tmp/watch.sock",
    "podman system service --time=0 tcp://localhost:8888", NULL
};
const struct cmd cmd_system_service = {
    .name = "service",
    .summary = "Run API service",
    .usage = "[options] [URI]",
    .description =
        "Run an API service: Docker's API and Podman's own, on a socket that systemd hands over, "
        "on "
        "the URI (unix:///PATH or tcp://HOST:PORT), or on the usual socket "
        "(unix:///run/podman/podman.sock, or that of the user). Whoever reaches the socket may do "
        "what you may; with --read-only and --label it gives less.",
    .examples = service_examples,
    .max_args = 1,
    .opts = service_tables,
    .args_size = sizeof(struct service_args),
    .run = service_run,
};
