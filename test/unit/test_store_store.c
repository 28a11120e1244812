/* The store: if this fails, two containers get one name, a change is lost, or two processes change one
 * object at once. */
#include "unit.h"

#include <sys/wait.h>

#include "base/fs.h"
#include "store/store.h"

#include "base/banned.h"

static char root[] = "/tmp/unit-store-XXXXXX", graph[64], run[64];

static struct store *open_store(void)
{
    struct store_options o = { .graphroot = graph, .runroot = run, .driver = "vfs" };
    struct err err = { 0 };
    struct store *s = store_open(&o, &err);

    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

#define INSERT "INSERT INTO containers(id, name, created, config) VALUES(?, ?, ?, '{}')"

static int insert(struct db *db, const char *id, const char *name, struct err *err)
{
    return db_exec(db, err, INSERT, "ssi", id, name, (int64_t)1);
}

static int64_t count(struct db *db)
{
    struct rows q = db_query(db, NULL, "SELECT count(*) FROM containers", "");
    int64_t n = rows_next(&q) ? rows_int(&q, 0) : -1;

    assert_int_equal(rows_end(&q), 0);
    return n;
}

static void test_uniqueness(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct db *db = store_db(s, NULL);
    struct err err = { 0 };
    assert_int_equal(insert(db, "id1", "one", NULL), 1);
    assert_int_equal(insert(db, "id2", "one", &err), -EEXIST);
    assert_int_equal(err.kind, ERR_CONFLICT);
    err_clear(&err);
    assert_int_equal(insert(db, "id1", "two", &err), -EEXIST);
    assert_int_equal(err.kind, ERR_CONFLICT);
    err_clear(&err);
    assert_int_equal(insert(db, "id3", NULL, &err), -EEXIST);
    assert_int_equal(count(db), 1);
    assert_int_equal(db_exec(db, NULL, "DELETE FROM containers", ""), 1);
    assert_true(db_exec(db, NULL, "NO SQL", "") < 0);
    store_close(s);
}

static void test_transactions(void **state)
{
    (void)state;
    static const enum db_durability kinds[] = { DB_FAST, DB_DURABLE };
    struct store *s = open_store();
    struct db *db = store_db(s, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        assert_int_equal(db_begin(db, kinds[i], NULL), 0);
        assert_int_equal(insert(db, "a", "a", NULL), 1);
        db_rollback(db);
        assert_int_equal(count(db), 0);
        assert_int_equal(db_begin(db, kinds[i], NULL), 0);
        assert_int_equal(insert(db, "a", "a", NULL), 1);
        assert_int_equal(insert(db, "b", "a", NULL), -EEXIST); /* the transaction goes on */
        assert_int_equal(db_commit(db, NULL), 0);
        struct store *other = open_store();
        assert_int_equal(count(store_db(other, NULL)), 1);
        store_close(other);
        assert_int_equal(db_exec(db, NULL, "DELETE FROM containers", ""), 1);
    }
    store_close(s);
}

static void test_rows(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct db *db = store_db(s, NULL);
    struct rows q = db_query(db, NULL, "SELECT ?1, ?2, ?3, ?4 UNION ALL SELECT 'x', 2, 0, 'y'",
                             "sibs", "text", INT64_MIN, 1, NULL);
    assert_true(rows_next(&q));
    assert_string_equal(rows_text(&q, 0), "text");
    assert_true(rows_int(&q, 1) == INT64_MIN);
    assert_int_equal(rows_int(&q, 2), 1);
    assert_null(rows_text(&q, 3));
    assert_true(rows_next(&q));
    assert_false(rows_next(&q));
    assert_false(rows_next(&q));
    assert_int_equal(rows_end(&q), 0);
    store_close(s);
}

/* Two processes insert at once: nothing is lost, and of two equal names one wins. */
static int child(const char *prefix)
{
    struct store *s = open_store();
    struct db *db = store_db(s, NULL);
    int bad = 0;

    for (int i = 0; i < 100; i++) {
        char id[32], name[32];
        snprintf(id, sizeof(id), "%s%d", prefix, i);
        snprintf(name, sizeof(name), "shared%d", i);
        bad |= db_begin(db, DB_FAST, NULL) < 0;
        bad |= insert(db, id, id, NULL) != 1;
        bad |= db_commit(db, NULL) < 0;
        snprintf(id, sizeof(id), "s%s%d", prefix, i);
        int r = insert(db, id, name, NULL);
        bad |= r != 1 && r != -EEXIST;
    }
    store_close(s);
    return bad;
}

static void test_two_processes(void **state)
{
    (void)state;
    pid_t pids[2];
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(child(i ? "b" : "a"));
    }
    for (int i = 0; i < 2; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    struct store *s = open_store();
    assert_int_equal(count(store_db(s, NULL)), 300);
    store_close(s);
}

static void test_locks(void **state)
{
    (void)state;
    struct store *s = open_store(), *other = open_store();
    char name[2][1001];
    for (int i = 0; i < 2; i++) { /* long names that differ at their end only, with slashes */
        memset(name[i], 'n', 1000);
        name[i][10] = '/';
        name[i][999] = (char)('a' + i);
        name[i][1000] = '\0';
    }
    AUTO_CLOSE int fd = store_lock(s, "image", name[0], NULL);
    assert_true(fd >= 0);
    assert_int_equal(store_trylock(other, "image", name[0]), -EAGAIN);
    AUTO_CLOSE int second = store_trylock(other, "image", name[1]);
    assert_true(second >= 0);
    AUTO_CLOSE int kind = store_trylock(other, "layer", name[0]);
    assert_true(kind >= 0);
    close(fd);
    fd = store_trylock(other, "image", name[0]);
    assert_true(fd >= 0);
    store_close(s);
    store_close(other);
}

static void test_random_ids(void **state)
{
    (void)state;
    char a[65], b[65];
    store_random_id(a, 64);
    store_random_id(b, 64);
    assert_int_equal(strspn(a, "0123456789abcdef"), 64);
    assert_string_not_equal(a, b);
    store_random_id(a, 5);
    assert_int_equal(strlen(a), 5);
}

static void test_drivers(void **state)
{
    (void)state;
    struct store_options o = { .graphroot = graph, .runroot = run, .driver = "btrfs" };
    struct err err = { 0 };
    assert_null(store_open(&o, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    assert_null(store_close(NULL));
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(root))
        return -1;
    snprintf(graph, sizeof(graph), "%s/a/b/graph", root);
    snprintf(run, sizeof(run), "%s/run", root);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return fs_remove_tree(AT_FDCWD, root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniqueness), cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_two_processes),
        cmocka_unit_test(test_locks),      cmocka_unit_test(test_random_ids),
        cmocka_unit_test(test_drivers),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
