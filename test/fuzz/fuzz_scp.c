/* The words of `image scp`: nothing that is accepted can become an option of ssh or of podman. */
#include <assert.h>

#include "spec/media_type.h"
#include "spec/scp.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    char *text = arena_strndup(&a, (const char *)data, size);
    struct scp_end end;
    struct scp_target t;

    assert(media_type_sniff(data, size));
    if (scp_parse(&a, text, &end, NULL) == 0) {
        assert(!end.image || (*end.image && end.image[0] != '-'));
        assert((end.place == SCP_USER) == (end.user != NULL));
        assert((end.place == SCP_HOST) == (end.host != NULL));
        assert(!end.user || (*end.user && end.user[0] != '-'));
        text = end.host ? end.host : text;
    }
    if (scp_target_parse(&a, text, &t, NULL) == 0) {
        assert(*t.login && t.login[0] != '-' && !strstr(t.login, "@-"));
        assert(!t.port || strspn(t.port, "0123456789") == strlen(t.port));
    }
    return 0;
}
