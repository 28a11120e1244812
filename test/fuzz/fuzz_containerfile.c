#include <assert.h>

#include "build/containerfile.h"
#include "build/ignore.h"
#include "build/words.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(void *arg, const char *name)
{
    (void)arg;
    return name[0] == 'x' ? "some/value.txt" : NULL;
}

static void look_at(struct arena *a, const struct cf_instruction *in, char escape)
{
    struct cf_instruction again;
    struct ignore ig = { 0 };
    char *out;

    assert(in->text[0] && in->line > 0);
    for (char **w = cf_words(a, in->text, escape); w && *w; w++) {
        if (cf_expand(a, *w, escape, lookup, NULL, &out, NULL) == 0)
            assert(strlen(out) <= CF_EXPANDED_MAX);
        if (ignore_add(a, *w, &ig, NULL) == 0)
            (void)ignore_matches(&ig, "some/value.txt");
    }
    for (size_t i = 0; i < in->heredocs.n; i++)
        (void)!cf_expand_text(a, in->heredocs.items[i].content, escape, lookup, NULL, &out, NULL);
    /* One line is one instruction, the same. */
    if (!in->heredocs.n && containerfile_line(a, in->original, escape, &again, NULL) == 0)
        assert(again.command == in->command && STR_EQ(again.text, in->text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    struct containerfile f = { 0 };

    if (containerfile_parse(&a, (const char *)data, size, "fuzz", &f, NULL) < 0)
        return 0;
    assert(f.items.n);
    for (size_t i = 0; i < f.items.n; i++)
        look_at(&a, &f.items.items[i], f.escape);
    return 0;
}
