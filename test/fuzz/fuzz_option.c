/* The small languages of options: one text to all of them. */
#include <assert.h>

#include "engine/options.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

static void mounts(struct arena *a, const char *s)
{
    struct container_mount m = { 0 };

    if (option_volume(a, s, &m, NULL) == 0)
        assert(m.destination[0] == '/' && m.destination[1]);
    m = (struct container_mount) { 0 };
    if (option_mount(a, s, &m, NULL) == 0)
        assert(m.destination[0] == '/' && m.destination[1]);
    m = (struct container_mount) { 0 };
    if (option_tmpfs(a, s, &m, NULL) == 0)
        assert(m.destination[0] == '/' && m.destination[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    char *s = arena_strndup(&a, (const char *)data, size);
    struct container_config c = { 0 };
    struct container_device d = { 0 };
    unsigned char keys[8];
    int signo;

    mounts(&a, s);
    if (option_device(&a, s, &d, NULL) == 0)
        assert(d.source[0] == '/' && d.destination[0] == '/' && *d.permissions);
    if (option_ulimit(&a, s, &c, NULL) == 0)
        assert(c.ulimits.n);
    (void)!option_security(&a, s, &c, NULL);
    (void)!option_idmap(&a, s, &c, false, NULL);
    (void)!option_restart(&a, s, &c, NULL);
    if (option_signal(s, &signo, NULL) == 0)
        assert(signo > 0 && signo <= 64);
    assert(attach_parse_keys(s, keys, sizeof(keys)) <= (int)sizeof(keys));
    if (option_name_check(s, NULL) == 0)
        assert(*s && !strpbrk(s, "/ \n"));
    char *clean = path_clean(&a, s);
    assert(STR_EQ(clean, path_clean(&a, clean)));
    assert(*s != '/' || (*clean == '/' && !strstr(clean, "/../")));
    (void)capability_name(&a, s);
    return 0;
}
