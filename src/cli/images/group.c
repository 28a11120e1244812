/* podman image: the group */
#include "base/parse.h"
#include "cli/images/commands.h"
#include "config/containers.h"
#include "engine/engine.h"

#include "base/banned.h"

extern const struct cmd cmd_image_sign, cmd_image_trust;
extern const struct cmd cmd_image_exists, cmd_image_inspect, cmd_image_prune;

static const char *const list_aliases[] = { "ls", NULL };
static const char *const rm_aliases[] = { "remove", NULL };

static const struct cmd image_build = { .name = "build", .same_as = &cmd_build };
static const struct cmd image_history = { .name = "history", .same_as = &cmd_history };
static const struct cmd image_import = { .name = "import", .same_as = &cmd_import };
static const struct cmd image_list = { .name = "list",
                                       .aliases = list_aliases,
                                       .same_as = &cmd_images };
static const struct cmd image_load = { .name = "load", .same_as = &cmd_load };
static const struct cmd image_pull = { .name = "pull", .same_as = &cmd_pull };
static const struct cmd image_push = { .name = "push", .same_as = &cmd_push };
static const struct cmd image_rm = { .name = "rm", .aliases = rm_aliases, .same_as = &cmd_rmi };
static const struct cmd image_save = { .name = "save", .same_as = &cmd_save };
static const struct cmd image_search = { .name = "search", .same_as = &cmd_search };
static const struct cmd image_tag = { .name = "tag", .same_as = &cmd_tag };
static const struct cmd image_untag = { .name = "untag", .same_as = &cmd_untag };

static const struct cmd *const image_subs[] = {
    &image_build,
    &cmd_image_diff,
    &cmd_image_exists,
    &image_history,
    &image_import,
    &cmd_image_inspect,
    &image_list,
    &image_load,
    &cmd_image_mount,
    &cmd_image_prune,
    &cmd_image_scp,
    &image_pull,
    &image_push,
    &image_rm,
    &image_save,
    &image_search,
    &cmd_image_sign,
    &image_tag,
    &cmd_image_tree,
    &cmd_image_trust,
    &cmd_image_unmount,
    &image_untag,
    NULL,
};
const struct cmd cmd_image = {
    .name = "image",
    .summary = "Manage images",
    .description = "Manage images",
    .subs = image_subs,
};

void images_print_error(struct err *err)
{
    fflush(stdout);
    fprintf(stderr, "Error: %s\n", err->msg);
    err_clear(err);
}

int images_retry(struct cmd_ctx *x, struct engine *e, const char *delay, uint64_t *retry,
                 int64_t *ret_delay_ns)
{
    const struct config_containers *c = engine_config(e);

    *ret_delay_ns = -1;
    if (!cmd_given(x, "retry"))
        *retry = (uint64_t)MAX(c->engine.retry, 0);
    if (!delay)
        delay = c->engine.retry_delay;
    if (!str_empty(delay) && parse_duration(delay, ret_delay_ns) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "time: invalid duration \"%s\"", delay);
    return 0;
}
