#include "store/places.h"

#include "base/fs.h"
#include "spec/digest.h"

#include "base/banned.h"

enum { MOST_PLACES = 4, LIMIT_FILE = 8 * 1024 };

static char *file_name(struct arena *a, const char *digest)
{
    return arena_printf(a, "oci/known/%s", digest_hex(digest));
}

char **places_find(const struct store *s, struct arena *a, const char *digest)
{
    AUTO_BUF text = { .max = LIMIT_FILE };
    char **found = NULL;

    if (fs_read_file(s->graph_fd, file_name(a, digest), &text) < 0)
        return NULL;
    for (char **line = strv_split(a, text.data ? text.data : "", '\n'); *line; line++)
        if (strchr(*line, '/') && strv_len(found) < MOST_PLACES)
            found = strv_add(a, found, *line);
    return found;
}

void places_note(const struct store *s, const char *digest, const char *repo)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF text = { 0 };
    char **known = places_find(s, &a, digest);

    if (known && STR_EQ(known[0], repo))
        return;
    buf_printf(&text, "%s\n", repo);
    for (; known && *known; known++)
        if (!STR_EQ(*known, repo))
            buf_printf(&text, "%s\n", *known);
    if (fs_mkdirs(s->graph_fd, "oci/known", 0700) == 0)
        (void)!fs_replace(s->graph_fd, file_name(&a, digest), text.data, text.len, 0600, FS_NOSYNC);
}
