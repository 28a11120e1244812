#include "cli/changes.h"

#include "cli/format.h"

#include "base/banned.h"

static int print_json(const change_list *list, struct err *err)
{
    static const struct {
        enum change_kind kind;
        const char *key;
    } kinds[] = { { CHANGE_CHANGED, "changed" },
                  { CHANGE_ADDED, "added" },
                  { CHANGE_DELETED, "deleted" } };
    AUTO_JSON *doc = json_object();

    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        AUTO_JSON *paths = json_array();
        for (size_t i = 0; i < list->n; i++)
            if (list->items[i].kind == kinds[k].kind)
                json_array_append_new(paths, json_string(list->items[i].path));
        if (json_array_size(paths))
            json_object_set(doc, kinds[k].key, paths);
    }
    struct cli_list how = { .indent = 5 };
    return cli_print_one(doc, &how, err);
}

int cli_print_changes(const change_list *list, const char *format, struct err *err)
{
    if (!str_empty(format)) {
        if (!cli_format_is_json(format))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "only supported value for '--format' is 'json'");
        return print_json(list, err);
    }
    for (size_t i = 0; i < list->n; i++)
        printf("%c %s\n", list->items[i].kind, list->items[i].path);
    return 0;
}
