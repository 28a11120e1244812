#include <grp.h>
#include <pwd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "engine/rootless.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

/* Entries that the image's /etc/passwd and /etc/group lack
 *
 * A process without a name is a nuisance to programs.  Where the user of the container has none, copies
 * of the two files with one more line are mounted over the image's. */

/* A colon or a newline of a template's value would be another field or entry. */
static char *field(struct arena *a, const char *text)
{
    char *s = arena_strdup(a, text ? text : "");

    for (char *p = s; *p; p++)
        if (*p == ':' || *p == '\n')
            *p = '_';
    return s;
}

static void add_line(struct buf *file, const char *line)
{
    if (file->len && file->data[file->len - 1] != '\n')
        buf_putc(file, '\n');
    buf_puts(file, line);
    buf_putc(file, '\n');
}

int accounts_add_host_users(struct arena *a, const struct container_config *c,
                            struct account_files *files, struct err *err)
{
    for (char **p = c->host_users; p && *p; p++) {
        uint32_t uid;
        const struct passwd *pw = parse_u32(*p, &uid) == 0 ? getpwuid(uid) : getpwnam(*p);
        if (!pw)
            return err_set(err, ERR_CANNOT_INVOKE, ENOENT,
                           "--hostuser %s: user: unknown user %s on the host", *p, *p);
        if (account_known(&files->passwd, pw->pw_uid))
            continue;
        add_line(&files->passwd,
                 arena_printf(a, "%s:*:%u:%u:%s:%s:%s", pw->pw_name, pw->pw_uid, pw->pw_gid,
                              field(a, pw->pw_gecos), pw->pw_dir, pw->pw_shell));
    }
    return 0;
}

/* "$USERNAME:x:$UID:..." with its variables in place. */
static char *expand(struct arena *a, const char *template, const char *const (*vars)[2])
{
    AUTO_BUF out = { .max = LIMIT_PASSWD_FILE };

    for (const char *s = template; *s;) {
        size_t i = 0;
        while (*s == '$' && vars[i][0] && !str_starts(s + 1, vars[i][0]))
            i++;
        if (*s != '$' || !vars[i][0]) {
            buf_putc(&out, *s == '\n' ? ' ' : *s);
            s++;
            continue;
        }
        buf_puts(&out, vars[i][1]);
        s += 1 + strlen(vars[i][0]);
    }
    return arena_strdup(a, out.data ? out.data : "");
}

struct person {
    const char *name, *gecos, *home, *group;
};

/* With keep-id he is the user of the host, otherwise somebody of whom only the number is known. */
static struct person who_is(const struct spec_builder *b, const struct oci_user *u)
{
    const struct container_config *c = b->c;
    bool kept = str_starts(c->userns ? c->userns : "", "keep-id");
    const struct passwd *pw = kept ? getpwuid(rootless_uid()) : NULL;
    const struct group *gr = kept ? getgrgid(rootless_gid()) : NULL;
    struct person p = {
        .name = pw ? pw->pw_name : arena_printf(b->a, "%u", u->uid),
        .gecos = pw ? field(b->a, pw->pw_gecos) : "container user",
        .home = str_empty(c->workdir) ? "/" : c->workdir,
        .group = gr ? gr->gr_name : arena_printf(b->a, "%u", u->gid),
    };

    /* His own home, where it is there: a volume of that name. */
    for (size_t i = 0; pw && i < c->mounts.n; i++)
        if (STR_EQ(c->mounts.items[i].destination, pw->pw_dir))
            p.home = arena_strdup(b->a, pw->pw_dir);
    return p;
}

static bool asks_for_files(const struct container_config *c, const struct oci_user *u)
{
    return !c->no_passwd && (u->uid || u->gid || c->host_users);
}

int accounts_complete(struct spec_builder *b, const struct oci_user *u, struct account_files *files,
                      struct err *err)
{
    const struct container_config *c = b->c;
    bool user_there = true, group_there = true;

    if (asks_for_files(c, u)) {
        int r = account_files_read(b->e, b->a, c, b->lower, files, err);
        if (r < 0)
            return r;
        user_there = account_known(&files->passwd, u->uid);
        group_there = account_known(&files->group, u->gid);
    }
    if (user_there && group_there && !c->host_users) {
        buf_done(&files->passwd);
        buf_done(&files->group);
        return 0;
    }
    const struct person p = who_is(b, u);
    const char *uid = arena_printf(b->a, "%u", u->uid), *gid = arena_printf(b->a, "%u", u->gid);
    const char *const vars[][2] = { { "USERNAME", p.name }, { "UID", uid },
                                    { "GID", gid },         { "NAME", p.gecos },
                                    { "HOME", p.home },     { "GROUPNAME", p.group },
                                    { "USERLIST", p.name }, { NULL, NULL } };
    if (!user_there)
        add_line(&files->passwd,
                 expand(b->a,
                        str_empty(c->passwd_entry) ? "$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh"
                                                   : c->passwd_entry,
                        vars));
    if (!group_there)
        add_line(&files->group,
                 expand(b->a,
                        str_empty(c->group_entry) ? "$GROUPNAME:x:$GID:$USERLIST" : c->group_entry,
                        vars));
    else
        buf_done(&files->group);
    return 0;
}
