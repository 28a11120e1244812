/* A quadlet of any kind: what is accepted becomes a service that reads as it was written; what is not is
 * refused in words.  The first byte chooses the kind. */
#include <assert.h>

#include "quadlet/quadlet.h"
#include "quadlet/words.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const files[QUADLET_KIND_COUNT] = { "a.container", "a.volume", "a.network",
                                                           "a.kube",      "a.image",  "a.build",
                                                           "a.artifact",  "a.pod" };
    AUTO_ARENA a = { 0 };
    struct err err = { 0 };
    if (size == 0)
        return 0;
    struct quadlet q = { .kind = data[0] % QUADLET_KIND_COUNT, .path = "/q/a", .name = "a" };
    q.file = files[q.kind];
    q.service = q.resource = "a";
    if (unit_parse(&a, &q.unit, (const char *)data + 1, size - 1, "f", &err) < 0) {
        assert(str_starts(err.msg, "f"));
        return 0;
    }
    struct quadlet *all[] = { &q };
    struct quadlets set = { .all = all, .count = 1 };
    struct unit service, again = { 0 };
    if (quadlet_convert(&a, &set, &q, &service, &err) < 0) {
        assert(*err.msg);
        return 0;
    }
    AUTO_BUF text = { 0 }, same = { 0 };
    unit_write(&service, &text);
    assert(unit_parse(&a, &again, text.data, text.len, "again", &err) == 0);
    unit_write(&again, &same);
    assert(same.len == text.len && memcmp(same.data, text.data, text.len) == 0);
    const char *start = unit_last_raw(&again, "Service", "ExecStart");
    char **words;
    assert(start && words_split(&a, start, WORDS_UNESCAPE, &words, &err) == 0 && words);
    return 0;
}
