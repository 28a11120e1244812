/* The generator that systemd runs at boot and at each daemon-reload (systemd.generator(7)):
 *
 *     quadlet [-dryrun] [-user] [-no-kmsg-log] [-v] [-version] [-man] [normal-dir [early-dir [late-dir]]]
 *
 * Services of the system, or of a user where it is installed under a name with "user" or -user is given. */
#include <fcntl.h>
#include <stdarg.h>

#include "base/fs.h"
#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

struct flags {
    bool dry_run, user, no_kmsg, verbose, version, man;
};

static struct {
    int kmsg; /* nobody reads a generator's stderr at boot */
} log_to = { -EBADF };

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
    char text[2048], line[2304];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "quadlet-generator[%d]: %s\n", getpid(), text);
    if (log_to.kmsg >= 0) {
        int n = snprintf(line, sizeof(line), "quadlet-generator[%d]: %s\n", getpid(), text);
        if (write_all(log_to.kmsg, line, (size_t)MIN((size_t)n, sizeof(line) - 1)) < 0)
            log_to.kmsg = -EBADF;
    }
}

static bool parse_flag(struct flags *f, const char *arg)
{
    const struct {
        const char *name;
        bool *flag;
    } known[] = { { "dryrun", &f->dry_run },      { "user", &f->user },
                  { "no-kmsg-log", &f->no_kmsg }, { "v", &f->verbose },
                  { "version", &f->version },     { "man", &f->man } };
    arg += 1 + (arg[1] == '-');
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (STR_EQ(arg, known[i].name)) {
            *known[i].flag = true;
            return true;
        }
    }
    return false;
}

/* The services of all quadlets, written into @dir or, where that is none, to stdout. */
static int generate(struct arena *a, struct quadlets *set, int dir, const struct flags *f)
{
    int failed = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct quadlet *q = set->all[i];
        struct unit service;
        struct err err = { 0 };
        if (f->verbose)
            say("Loading source unit file %s", q->path);
        int r = quadlet_convert(a, set, q, &service, &err);
        if (r == 0 && dir >= 0)
            r = quadlet_install(dir, q, &service, &err);
        if (r < 0) {
            say("converting \"%s\": %s", q->file, err.msg);
            failed++;
        } else if (f->dry_run) {
            AUTO_BUF text = { 0 };
            unit_write(&service, &text);
            printf("---%s.service---\n%s\n", q->service, text.len ? text.data : "");
        }
    }
    for (size_t i = 0; set->warnings && set->warnings[i]; i++)
        say("%s", set->warnings[i]);
    for (size_t i = 0; set->errors && set->errors[i]; i++)
        say("%s", set->errors[i]);
    return failed + (set->errors != NULL);
}

int main(int argc, char **argv)
{
    AUTO_ARENA a = { 0 };
    struct flags f = { 0 };
    const char *program = strrchr(argv[0], '/'), *out = NULL;
    f.user = strstr(program ? program : argv[0], "user");
    int arg = 1;
    for (; arg < argc && argv[arg][0] == '-' && argv[arg][1]; arg++) {
        if (!parse_flag(&f, argv[arg])) {
            fprintf(stderr, "flag provided but not defined: %s\n", argv[arg]);
            return 2;
        }
    }
    if (f.version) {
        puts(PODMAN_VERSION);
        return 0;
    }
    if (f.man) {
        AUTO_BUF page = { 0 };
        quadlet_man(&page);
        fwrite(page.data, 1, page.len, stdout);
        return 0;
    }
    if (arg < argc)
        out = argv[arg];
    if (!f.dry_run && !f.no_kmsg)
        log_to.kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    if (!f.dry_run && !out) {
        say("missing output directory argument");
        return 1;
    }
    struct quadlets set;
    quadlets_load(&a, quadlet_dirs(&a, f.user), f.user, &set);
    AUTO_CLOSE int dir = -EBADF;
    if (!f.dry_run && set.count) {
        int r = fs_mkdirs(AT_FDCWD, out, 0755);
        dir = r < 0 ? r : fs_open_dir(AT_FDCWD, out);
        if (dir < 0) {
            say("%s: %s", out, strerror(-dir));
            return 1;
        }
    }
    if (generate(&a, &set, dir, &f) > 0) {
        say("processing encountered some errors");
        return 1;
    }
    return 0;
}
