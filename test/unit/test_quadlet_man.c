/* The manual of quadlets: if this fails, a key works that nobody is told of. */
#include "unit.h"

#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

static void test_every_key_is_explained(void **state)
{
    (void)state;
    AUTO_BUF page = { 0 };
    quadlet_man(&page);
    for (size_t i = 0; i < QUADLET_KIND_COUNT; i++)
        for (const struct quadlet_key *key = quadlet_kinds[i].keys; key->name; key++) {
            AUTO_ARENA a = { 0 };
            if (!key->option && !quadlet_key_text(key->name))
                fail_msg("[%s] %s= has neither an option nor a text", quadlet_kinds[i].section,
                         key->name);
            assert_non_null(strstr(page.data, arena_printf(&a, ".B %s=\n", key->name)));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_key_is_explained) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
