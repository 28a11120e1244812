/* The manifest of an artifact: names that come out of it are single path components. */
#include <assert.h>

#include "image/artifact.h"
#include "spec/digest.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    struct artifact art = { 0 };
    artifact_file_list files = { 0 };
    const struct artifact_choice all = { 0 }, one = { .title = "a" };
    AUTO_JSON *doc = json_parse((const char *)data, size, "fuzz", NULL);

    if (!doc || artifact_read(&a, doc, &art, NULL) < 0)
        return 0;
    assert(art.size >= 0);
    if (artifact_files(&a, &art, &all, &files, NULL) == 0)
        for (size_t i = 0; i < files.n; i++) {
            const char *n = files.items[i].name;
            assert(*n && !strchr(n, '/') && !STR_IN(n, ".", "..") && strlen(n) <= 255);
            assert(digest_valid(files.items[i].digest));
        }
    files.n = 0;
    (void)!artifact_files(&a, &art, &one, &files, NULL);
    return 0;
}
