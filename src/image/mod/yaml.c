#include "image/mod/yaml.h"

#include <yaml.h>

#include "base/limits.h"

#include "base/banned.h"

/* libyaml composes a document with each anchor's node once; copying nodes where aliases point is what could make
 * billions of a few lines: nodes and bytes are counted as they are copied. */
struct yaml_reader {
    yaml_document_t doc;
    const char *name;
    size_t nodes, bytes;
    struct err *err;
};

static int fail(struct yaml_reader *y, const yaml_node_t *n, const char *why)
{
    return err_set(y->err, ERR_BAD_PARAM, EINVAL, "%s: line %zu: %s", y->name,
                   n->start_mark.line + 1, why);
}

static int convert(struct yaml_reader *y, int index, int depth, json_t **ret);

static bool is_null(const yaml_node_t *n)
{
    return n->type == YAML_SCALAR_NODE && n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           STR_IN((const char *)n->data.scalar.value, "", "~", "null", "Null", "NULL");
}

static int convert_scalar(struct yaml_reader *y, const yaml_node_t *n, json_t **ret)
{
    y->bytes += n->data.scalar.length;
    if (y->bytes > LIMIT_YAML_BYTES)
        return fail(y, n, "the document is too large when its aliases are followed");
    if (is_null(n)) {
        *ret = json_null();
        return 0;
    }
    *ret = json_stringn((const char *)n->data.scalar.value, n->data.scalar.length);
    return *ret ? 0 : fail(y, n, "text that is not UTF-8");
}

static int convert_list(struct yaml_reader *y, const yaml_node_t *n, int depth, json_t **ret)
{
    AUTO_JSON *out = json_array();

    for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
        json_t *v = NULL;
        int r = convert(y, *i, depth, &v);
        if (r < 0)
            return r;
        json_array_append_new(out, v);
    }
    *ret = HANDOVER(out);
    return 0;
}

/* "<<": what is said here goes before what is merged in. */
static int merge(struct yaml_reader *y, const yaml_node_t *key, json_t *from, json_t *into)
{
    json_t *each;
    size_t i;

    if (json_is_object(from)) {
        json_object_update_missing(into, from);
        return 0;
    }
    if (!json_is_array(from))
        return fail(y, key, "only a mapping can be merged");
    json_array_foreach (from, i, each) {
        if (!json_is_object(each))
            return fail(y, key, "only a mapping can be merged");
        json_object_update_missing(into, each);
    }
    return 0;
}

static int convert_pair(struct yaml_reader *y, const yaml_node_pair_t *p, int depth, json_t *out,
                        json_t *merged)
{
    const yaml_node_t *key = yaml_document_get_node(&y->doc, p->key);
    AUTO_JSON *v = NULL;

    if (key->type != YAML_SCALAR_NODE ||
        strlen((char *)key->data.scalar.value) != key->data.scalar.length)
        return fail(y, key, "a key is no text");
    const char *name = (const char *)key->data.scalar.value;
    y->bytes += key->data.scalar.length;
    int r = convert(y, p->value, depth, &v);
    if (r < 0)
        return r;
    if (STR_EQ(name, "<<") && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return merge(y, key, v, merged);
    if (json_object_get(out, name))
        return fail(y, key, "a key stands there twice");
    return json_object_set(out, name, v) < 0 ? fail(y, key, "a key is not UTF-8") : 0;
}

static int convert_mapping(struct yaml_reader *y, const yaml_node_t *n, int depth, json_t **ret)
{
    AUTO_JSON *out = json_object();
    AUTO_JSON *merged = json_object();
    const char *key;
    json_t *each;
    void *tmp;

    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        int r = convert_pair(y, p, depth, out, merged);
        if (r < 0)
            return r;
    }
    json_object_update_missing(out, merged);
    json_object_foreach_safe(out, tmp, key, each)
    {
        if (json_is_null(each))
            json_object_del(out, key);
    }
    *ret = HANDOVER(out);
    return 0;
}

static int convert(struct yaml_reader *y, int index, int depth, json_t **ret)
{
    const yaml_node_t *n = yaml_document_get_node(&y->doc, index);

    if (!n)
        return err_set(y->err, ERR_BAD_PARAM, EINVAL, "%s: an alias without an anchor", y->name);
    if (depth > LIMIT_JSON_DEPTH)
        return fail(y, n, "nested too deep");
    if (++y->nodes > LIMIT_YAML_NODES)
        return fail(y, n, "the document is too large when its aliases are followed");
    switch (n->type) {
    case YAML_SCALAR_NODE:
        return convert_scalar(y, n, ret);
    case YAML_SEQUENCE_NODE:
        return convert_list(y, n, depth + 1, ret);
    case YAML_MAPPING_NODE:
        return convert_mapping(y, n, depth + 1, ret);
    case YAML_NO_NODE:
        break;
    }
    return fail(y, n, "nothing that YAML knows");
}

int module_yaml(const char *text, size_t len, const char *name, json_t **ret, struct err *err)
{
    struct yaml_reader y = { .name = name, .err = err };
    AUTO_JSON *all = json_array();
    yaml_parser_t p;
    int r = 0;

    if (!yaml_parser_initialize(&p))
        return err_set(err, ERR_INTERNAL, ENOMEM, "starting the YAML reader");
    yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
    for (bool end = false; r == 0 && !end;) {
        json_t *doc = NULL;
        if (!yaml_parser_load(&p, &y.doc)) {
            r = err_set(err, ERR_BAD_PARAM, EINVAL, "%s: yaml: line %zu: %s", name,
                        p.problem_mark.line + 1, p.problem ? p.problem : "cannot be read");
            break;
        }
        end = yaml_document_get_root_node(&y.doc) == NULL;
        if (!end)
            r = convert(&y, 1, 0, &doc);
        yaml_document_delete(&y.doc);
        if (r == 0 && doc && !json_is_null(doc) && json_array_size(all) >= LIMIT_YAML_DOCUMENTS)
            r = err_set(err, ERR_TOO_BIG, E2BIG, "%s: more than %d documents", name,
                        LIMIT_YAML_DOCUMENTS);
        if (r == 0 && doc && !json_is_null(doc))
            json_array_append(all, doc);
        json_decref(doc);
    }
    yaml_parser_delete(&p);
    if (r == 0)
        *ret = HANDOVER(all);
    return r;
}
