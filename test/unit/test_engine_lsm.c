/* Labels and profiles of the kernel's security modules: a wrong one would take a container out of its
 * confinement, or give it another's files. */
#include "unit.h"

#include "engine/lsm.h"

#include "base/banned.h"

static const char contexts[] = "# of the policy\n"
                               "process = \"system_u:system_r:container_t:s0\"\n"
                               "content = \"system_u:object_r:virt_var_lib_t:s0\"\n"
                               "file = \"system_u:object_r:container_file_t:s0\"\n";

static void test_defaults(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };

    assert_string_equal(selinux_default_label(&a, contexts, "process"),
                        "system_u:system_r:container_t:s0");
    assert_string_equal(selinux_default_label(&a, contexts, "file"),
                        "system_u:object_r:container_file_t:s0");
    assert_string_equal(selinux_default_label(&a, "SELINUXTYPE=targeted \n", "SELINUXTYPE"),
                        "targeted");
    assert_null(selinux_default_label(&a, contexts, "none"));
    assert_null(selinux_default_label(&a, "", "file"));
}

static void test_labels(void **state)
{
    (void)state;
    static const struct {
        const char *opts, *process, *file;
    } rows[] = {
        { "", "system_u:system_r:container_t:s0:c1,c2",
          "system_u:object_r:container_file_t:s0:c1,c2" },
        { "type:spc_t", "system_u:system_r:spc_t:s0:c1,c2",
          "system_u:object_r:container_file_t:s0:c1,c2" },
        { "level:s0:c5,c9", "system_u:system_r:container_t:s0:c5,c9",
          "system_u:object_r:container_file_t:s0:c5,c9" },
        { "user:me_u;role:me_r", "me_u:me_r:container_t:s0:c1,c2",
          "system_u:object_r:container_file_t:s0:c1,c2" },
        { "filetype:usr_t;type:my_t", "system_u:system_r:my_t:s0:c1,c2",
          "system_u:object_r:usr_t:s0:c1,c2" },
        { "nonsense", NULL, NULL },
        { "colour:red", NULL, NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct err err = { 0 };
        char **opts = *rows[i].opts ? strv_split(&a, rows[i].opts, ';') : NULL;
        char *process = selinux_label(&a, "system_u:system_r:container_t:s0", "s0:c1,c2", opts,
                                      false, &err);
        if (!process)
            err_clear(&err);
        char *file = selinux_label(&a, "system_u:object_r:container_file_t:s0", "s0:c1,c2", opts,
                                   true, &err);
        if (!rows[i].process) {
            assert_null(process);
            assert_null(file);
            assert_non_null(strstr(err.msg, "bad label option"));
            continue;
        }
        assert_string_equal(process, rows[i].process);
        assert_string_equal(file, rows[i].file);
    }
}

static void test_profile(void **state)
{
    (void)state;
    AUTO_BUF text = { 0 };

    apparmor_text("containers-default-x", &text);
    assert_int_equal(strncmp(text.data, "profile containers-default-x flags=", 35), 0);
    for (const char *line = strchr(text.data, '\n') + 1; *line && *line != '}';
         line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        assert_true(end[-1] == ',');
    }
    assert_non_null(strstr(text.data, "deny mount,"));
    assert_non_null(strstr(text.data, "peer=containers-default-x,"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_profile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
