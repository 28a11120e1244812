/* Lines of log files, which a container's output and an administrator's editor get into. */
#include <assert.h>

#include "engine/logs.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    const char *line = (const char *)data;
    struct log_line l;

    if (log_parse_k8s(line, size, &l))
        assert(l.text >= line && l.text + l.len == line + size);
    if (log_parse_json(&a, line, size, &l))
        assert(strlen(l.text) >= l.len);
    return 0;
}
