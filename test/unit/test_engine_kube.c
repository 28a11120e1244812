/* Quantities, $(NAME) and shared namespaces.  If one failed, limits and variables of Kubernetes' YAML would mean
 * something else here. */
#include "unit.h"

#include "engine/kube_priv.h"

#include "base/banned.h"

static const struct {
    const char *text;
    bool milli;
    int64_t value; /* -1: refused */
} quantities[] = {
    { "0", false, 0 },           { "64", false, 64 },
    { "64Mi", false, 67108864 }, { "1.5Gi", false, 1610612736 },
    { "1k", false, 1000 },       { "2M", false, 2000000 },
    { "1e3", false, 1000 },      { "1E", false, 1000000000000000000 },
    { "100m", true, 100 },       { "0.5", true, 500 },
    { "2", true, 2000 },         { "100m", false, 1 },
    { "1500m", false, 2 },       { "", false, -1 },
    { "Mi", false, -1 },         { "-1", false, -1 },
    { "1x", false, -1 },         { "1 Mi", false, -1 },
    { "99E", false, -1 },        { "1e", false, -1 },
    { NULL, false, -1 },
};

static void test_quantity(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(quantities); i++) {
        int64_t v = -1;
        int r = kube_quantity(quantities[i].text, quantities[i].milli, &v);
        assert_int_equal(r < 0 ? -1 : v, quantities[i].value);
    }
}

static const struct {
    const char *text, *want;
} expansions[] = {
    { "", "" },
    { "plain", "plain" },
    { "$(A)", "one" },
    { "<$(A)$(B)>", "<onetwo>" },
    { "$(NOBODY)", "$(NOBODY)" },
    { "$$(A)", "$(A)" },
    { "$$$(A)", "$one" },
    { "$A ${A} $", "$A ${A} $" },
    { "$(A", "$(A" },
    { "$()", "$()" },
};

static void test_expand(void **state)
{
    AUTO_ARENA a = { 0 };
    char one[] = "A=one", two[] = "B=two", *env[] = { one, two, NULL };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(expansions); i++)
        assert_string_equal(kube_expand(&a, expansions[i].text, env), expansions[i].want);
}

/* Each variable doubles the one before. */
static void test_ceiling(void **state)
{
    AUTO_ARENA a = { 0 };
    char **env = strv_add(&a, NULL, "A0=xxxxxxxxxxxxxxxx");
    const char *v = "";

    (void)state;
    for (int i = 1; v && i < 60; i++) {
        v = kube_expand(&a, arena_printf(&a, "$(A%d)$(A%d)", i - 1, i - 1), env);
        if (v)
            env = env_set(&a, env, arena_printf(&a, "A%d=%s", i, v));
    }
    assert_null(v);
}

static const struct {
    const char *text, *want; /* NULL: refused */
} shares[] = {
    { "ipc,net,uts", "ipc,net,uts" },
    { "pid", "pid" },
    { "+pid", "ipc,net,uts,pid" },
    { "net,net", "net" },
    { "none", "" },
    { "", "" },
    { "none,net", NULL },
    { "moon", NULL },
};

static void test_share(void **state)
{
    AUTO_ARENA a = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
        char **v = NULL;
        int r = option_share(&a, shares[i].text, &v, NULL);
        assert_int_equal(r < 0, shares[i].want == NULL);
        if (r == 0)
            assert_string_equal(strv_join(&a, v, ","), shares[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantity),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
