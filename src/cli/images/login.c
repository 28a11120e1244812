/* podman login, logout */
#include <termios.h>

#include "base/buf.h"
#include "cli/images/commands.h"
#include "config/auth.h"
#include "config/registries.h"
#include "engine/images.h"
#include "engine/secrets.h"

#include "base/banned.h"

enum { LIMIT_ANSWER = 64 * 1024 };

struct login_args {
    char *authfile, *cert_dir, *compat_file, *password, *secret, *username;
    int tls_verify;
    bool all, get_login, password_stdin, verbose;
};

/* What both commands find out first. */
struct login {
    struct cmd_ctx *x;
    const struct login_args *o;
    struct registries conf;
    struct auth_place place;
    char *key;      /* "registry" or "registry/path" */
    char *registry; /* what the check talks to */
};

/* ---------- which registry ---------- */

static int check_key(struct cmd_ctx *x, const char *key)
{
    struct image_ref ref;

    if (!strchr(key, '/'))
        return *key ? 0 : err_set(x->err, ERR_BAD_PARAM, EINVAL, "the registry has no name");
    if (ref_parse(x->arena, key, &ref, x->err) < 0)
        return err_wrap(x->err, "parse reference from \"%s\"", key);
    if (ref.tag || ref.digest)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "reference \"%s\" contains tag or digest",
                       key);
    return 0;
}

/* Of a URL only host and port count. */
static char *strip_url(struct arena *a, const char *arg)
{
    const char *host = str_starts(arg, "https://")  ? arg + 8
                       : str_starts(arg, "http://") ? arg + 7
                                                    : NULL;

    return host ? arena_strndup(a, host, strcspn(host, "/?#")) : arena_strdup(a, arg);
}

static int prepare(struct login *l)
{
    struct cmd_ctx *x = l->x;

    if (l->o->authfile && l->o->compat_file)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "options for paths to the credential file and to the Docker-compatible "
                       "credential file can not be set simultaneously");
    int r = registries_load(x->arena, &l->conf, x->err);
    if (r < 0)
        return r;
    l->place = (struct auth_place) { l->o->authfile, l->o->compat_file,
                                     l->conf.credential_helpers };
    if (l->o->all)
        return 0;
    if (x->nargs == 0 && !l->conf.search)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "no registries found in registries.conf, a registry must be provided");
    l->key = strip_url(x->arena, x->nargs ? x->args[0] : l->conf.search[0]);
    l->registry = arena_strndup(x->arena, l->key, strcspn(l->key, "/"));
    return check_key(x, l->key);
}

/* What is stored for the key so far. */
static int find_existing(struct login *l, struct credentials *ret)
{
    struct cmd_ctx *x = l->x;
    const char *slash = strchr(l->key, '/');
    struct image_ref ref = { .registry = l->registry,
                             .path = arena_strdup(x->arena, slash ? slash + 1 : "") };
    const char *file = l->o->compat_file ? l->o->compat_file : l->o->authfile;

    *ret = (struct credentials) { 0 };
    if (file && access(file, F_OK) < 0)
        return 0;
    int r = auth_find(x->arena, file, &ref, l->conf.credential_helpers, ret, x->err);
    return r < 0 ? err_wrap(x->err, "get credentials") : 0;
}

/* ---------- asking ---------- */

/* A line without its end; -ENODATA when there is none. */
static int read_line(struct arena *a, char **ret)
{
    AUTO_BUF line = { .max = LIMIT_ANSWER };
    char c;
    ssize_t n;

    while ((n = read(STDIN_FILENO, &c, 1)) != 0 && (n < 0 ? errno == EINTR : c != '\n'))
        if (n > 0 && buf_add(&line, &c, 1) < 0)
            return -EFBIG;
    if (n <= 0 && !line.len)
        return n < 0 ? -errno : -ENODATA;
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    *ret = arena_strndup(a, line.data ? line.data : "", line.len);
    return 0;
}

static int ask_user(struct login *l, const char *existing, char **ret)
{
    char *line;

    if (existing)
        printf("Username (%s): ", existing);
    else
        printf("Username: ");
    fflush(stdout);
    int r = read_line(l->x->arena, &line);
    if (r < 0)
        return err_set(l->x->err, ERR_BAD_PARAM, -r,
                       "getting username and password: reading username: %s",
                       r == -ENODATA ? "EOF" : strerror(-r));
    line += strspn(line, " \t");
    for (size_t n = strlen(line); n && (line[n - 1] == ' ' || line[n - 1] == '\t'); n--)
        line[n - 1] = '\0';
    *ret = !*line && existing ? arena_strdup(l->x->arena, existing) : line;
    return 0;
}

/* Nobody looking over the shoulder shall read it: the terminal does not show what is typed. */
static int ask_password(struct login *l, char **ret)
{
    struct termios old, quiet;

    printf("Password: ");
    fflush(stdout);
    if (tcgetattr(STDIN_FILENO, &old) < 0)
        return err_set(l->x->err, ERR_BAD_PARAM, errno,
                       "getting username and password: reading password: %s", strerror(errno));
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ICANON | ISIG;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    int r = read_line(l->x->arena, ret);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    putchar('\n');
    return r < 0 ? err_set(l->x->err, ERR_BAD_PARAM, -r,
                           "getting username and password: reading password: %s",
                           r == -ENODATA ? "EOF" : strerror(-r))
                 : 0;
}

/* --password-stdin: all of it, without the ends of its lines. */
static int password_from_stdin(struct login *l, char **ret)
{
    AUTO_BUF text = { .max = LIMIT_ANSWER };

    if (l->o->password)
        return err_set(l->x->err, ERR_BAD_PARAM, EINVAL,
                       "Can't specify both --password-stdin and --password");
    if (!l->o->username)
        return err_set(l->x->err, ERR_BAD_PARAM, EINVAL,
                       "Must provide --username with --password-stdin");
    int r = buf_read_fd(&text, STDIN_FILENO);
    if (r < 0)
        return err_sys(l->x->err, -r, "reading the password");
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\n' && text.data[i] != '\r')
            text.data[n++] = text.data[i];
    *ret = arena_strndup(l->x->arena, text.data ? text.data : "", n);
    return 0;
}

/* ---------- login ---------- */

/* --secret: the password, and the user's name when nobody gave one. */
static int take_secret(struct login *l, struct credentials *c)
{
    AUTO_BUF data = { .max = SECRET_MAX };
    struct secret_config s;
    struct engine *e = cmd_engine(l->x);

    if (l->o->password)
        return err_set(l->x->err, ERR_BAD_PARAM, EINVAL,
                       "--secret can not be used with --password options");
    int r = e ? secrets_find(e, l->x->arena, l->o->secret, &s, l->x->err) : -EIO;
    if (r == 0)
        r = secrets_read(e, &s, &data, l->x->err);
    if (r < 0)
        return r;
    c->password = arena_strndup(l->x->arena, data.data ? data.data : "",
                                strcspn(data.data ? data.data : "", "\r\n"));
    if (!c->user)
        c->user = s.name;
    return 0;
}

static int check_login(struct login *l, const char *user, const char *password, struct err *err)
{
    struct image_login il = { l->registry, user, password, l->o->cert_dir, l->o->tls_verify };

    return images_login(l->x->arena, &il, err);
}

/* 1: what is stored is still good. */
static int try_existing(struct login *l, const struct credentials *c)
{
    struct err err = { 0 };

    printf("Authenticating with existing credentials for %s\n", l->key);
    fflush(stdout);
    if (check_login(l, c->user, c->password, &err) == 0) {
        printf("Existing credentials are valid. Already logged in to %s\n", l->registry);
        return 1;
    }
    puts("Existing credentials are invalid, please enter valid username and password");
    return 0;
}

static int log_in(struct login *l, const struct credentials *existing)
{
    struct cmd_ctx *x = l->x;
    struct credentials c = { .user = l->o->username, .password = l->o->password };
    char *where = NULL;
    int r = l->o->password_stdin ? password_from_stdin(l, &c.password)
            : l->o->secret       ? take_secret(l, &c)
                                 : 0;

    if (r == 0 && !c.user && !c.password && existing->user && try_existing(l, existing))
        return 0;
    if (r == 0 && str_empty(c.user))
        r = ask_user(l, existing->user, &c.user);
    if (r == 0 && str_empty(c.password))
        r = ask_password(l, &c.password);
    if (r < 0)
        return r;
    if (strchr(c.user, ':'))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "a username cannot hold a colon");
    r = check_login(l, c.user, c.password, x->err);
    if (r < 0 && x->err->kind == ERR_DENIED) {
        err_clear(x->err);
        return err_set(x->err, ERR_DENIED, EACCES, "logging into \"%s\": invalid username/password",
                       l->key);
    }
    if (r < 0)
        return err_wrap(x->err, "authenticating creds for \"%s\"", l->key);
    if ((r = auth_store(x->arena, &l->place, l->key, &c, &where, x->err)) < 0)
        return r;
    if (l->o->verbose)
        printf("Used:  %s\n", where);
    puts("Login Succeeded!");
    return 0;
}

static int login_run(struct cmd_ctx *x, void *args)
{
    struct login l = { .x = x, .o = args };
    struct credentials existing;
    int r = prepare(&l);

    if (r == 0)
        r = find_existing(&l, &existing);
    if (r < 0)
        return r;
    if (l.o->get_login) {
        if (!existing.user)
            return err_set(x->err, ERR_NOT_FOUND, ENOENT, "not logged into %s", l.key);
        puts(existing.user);
        return 0;
    }
    if (existing.identity_token)
        return err_set(x->err, ERR_CONFLICT, EEXIST,
                       "currently logged in, auth file contains an Identity token");
    return log_in(&l, &existing);
}

static const struct opt login_opts[] = {
    O_STR(
        0, "authfile", struct login_args, authfile, "path",
        "Path of the authentication file. Use REGISTRY_AUTH_FILE environment variable to override",
        .complete = COMPLETE_FILE),
    O_STR(0, "cert-dir", struct login_args, cert_dir, "path",
          "Use certificates at the specified path to access the registry",
          .complete = COMPLETE_DIR),
    O_STR(0, "compat-auth-file", struct login_args, compat_file, "path",
          "Path of a Docker-compatible config file to update instead", .complete = COMPLETE_FILE),
    O_BOOL(0, "get-login", struct login_args, get_login,
           "Return the current login user for the registry"),
    O_STR('p', "password", struct login_args, password, "password", "Password for registry"),
    O_BOOL(0, "password-stdin", struct login_args, password_stdin, "Take the password from stdin"),
    O_STR(0, "secret", struct login_args, secret, "name", "Retrieve password from a podman secret"),
    O_TRI(0, "tls-verify", struct login_args, tls_verify,
          "Require HTTPS and verify certificates when contacting registries"),
    O_STR('u', "username", struct login_args, username, "username", "Username for registry"),
    O_BOOL('v', "verbose", struct login_args, verbose, "Write more detailed information to stdout"),
    { 0 },
};
static const struct opt *const login_tables[] = { login_opts, NULL };
static const char *const login_examples[] = { "podman login quay.io",
                                              "podman login --username ... --password ... quay.io",
                                              NULL };
const struct cmd cmd_login = {
    .name = "login",
    .summary = "Log in to a container registry",
    .usage = "[options] [REGISTRY]",
    .description =
        "Log in to a container registry on a specified server, or at a repository of one.  "
        "Without a registry it is the first of the unqualified-search registries.",
    .examples = login_examples,
    .max_args = 1,
    .flags = CMD_NO_USERNS | CMD_NO_ENGINE,
    .opts = login_tables,
    .args_size = sizeof(struct login_args),
    .run = login_run,
};

/* ---------- logout ---------- */

/* Another program's login is that program's to end. */
static int not_logged_in(struct login *l)
{
    struct credentials c;
    struct err err = { 0 };

    if (find_existing(l, &c) == 0 && c.user && check_login(l, c.user, c.password, &err) == 0) {
        printf("Not logged into %s with current tool. Existing credentials were established via "
               "docker login. Please use docker logout instead.\n",
               l->key);
        return 0;
    }
    err_clear(l->x->err);
    return err_set(l->x->err, ERR_NOT_FOUND, ENOENT, "not logged into %s", l->key);
}

static int logout_run(struct cmd_ctx *x, void *args)
{
    struct login l = { .x = x, .o = args };
    bool found = false;

    if (l.o->all && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--all takes no arguments");
    if (l.o->authfile && access(l.o->authfile, F_OK) < 0)
        return err_set(x->err, ERR_NOT_FOUND, ENOENT,
                       "credential file is not accessible: stat %s: no such file or directory",
                       l.o->authfile);
    int r = prepare(&l);
    if (r < 0)
        return r;
    if (l.o->all) {
        if ((r = auth_erase_all(x->arena, &l.place, x->err)) == 0)
            puts("Removed login credentials for all registries");
        return r;
    }
    r = auth_erase(x->arena, &l.place, l.key, &found, x->err);
    if (r < 0)
        return err_wrap(x->err, "logging out of \"%s\"", l.key);
    if (!found)
        return not_logged_in(&l);
    printf("Removed login credentials for %s\n", l.key);
    return 0;
}

static const struct opt logout_opts[] = {
    O_BOOL('a', "all", struct login_args, all,
           "Remove the cached credentials for all registries in the auth file"),
    O_STR(
        0, "authfile", struct login_args, authfile, "path",
        "Path of the authentication file. Use REGISTRY_AUTH_FILE environment variable to override",
        .flags = OPTF_CREDENTIALS, .complete = COMPLETE_FILE),
    O_STR(0, "compat-auth-file", struct login_args, compat_file, "path",
          "Path of a Docker-compatible config file to update instead", .complete = COMPLETE_FILE),
    { 0 },
};
static const struct opt *const logout_tables[] = { logout_opts, NULL };
static const char *const logout_examples[] = { "podman logout quay.io", "podman logout --all",
                                               NULL };
const struct cmd cmd_logout = {
    .name = "logout",
    .summary = "Log out of a container registry",
    .usage = "[options] [REGISTRY]",
    .description = "Remove the cached username and password for the registry.",
    .examples = logout_examples,
    .max_args = 1,
    .flags = CMD_NO_USERNS | CMD_NO_ENGINE,
    .opts = logout_tables,
    .args_size = sizeof(struct login_args),
    .run = logout_run,
};
