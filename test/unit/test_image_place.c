/* Layers that try to break out, to confuse or to exhaust.  If one of these failed, an image from a stranger
 * could write outside its directory, or a layer would look different from what its author packed. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/fs.h"
#include "image/mod/hash.h"
#include "image/mod/ring.h"
#include "image/mod/tar_write.h"
#include "image/mod/unpack.h"

#include "base/banned.h"

struct item {
    char type; /* tar's type flag; 0 ends the list */
    const char *name, *link;
    const char *data;
    unsigned mode;
    int64_t size; /* told in the header when not 0 */
};

/* What must be true afterwards: path is 'f'ile, 'd'ir, 'l'ink, 'w'hiteout, 'o'paque dir, '-' absent. */
struct expect {
    char kind;
    const char *path;
    const char *data;
};

struct row {
    const char *title;
    int want; /* 0 or negative errno */
    struct item items[6];
    struct expect expects[5];
};

static char base_dir[] = "/tmp/podman-place-XXXXXX";
static int base_fd, root_fd;

static void add_header(struct buf *tar, const struct item *it)
{
    char h[TAR_HEADER_MAX];
    size_t n = tar_header(h, it->name, TAR_FILE, it->link, it->mode ? it->mode : 0644,
                          it->size   ? it->size
                          : it->data ? (int64_t)strlen(it->data)
                                     : 0,
                          1000);
    char *last = h + n - TAR_BLOCK;
    unsigned sum = 0;

    last[156] = it->type;
    memset(last + 148, ' ', 8);
    for (int i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)last[i];
    snprintf(last + 148, 8, "%06o", sum);
    buf_put(tar, h, n);
}

static void add_item(struct buf *tar, const struct item *it)
{
    static const char zeros[TAR_BLOCK];

    add_header(tar, it);
    if (it->data) {
        buf_puts(tar, it->data);
        buf_put(tar, zeros, tar_padding((int64_t)strlen(it->data)));
    }
}

static void finish_tar(struct buf *tar)
{
    static const char zeros[2 * TAR_BLOCK];

    buf_put(tar, zeros, sizeof(zeros));
}

static int unpack(const struct buf *tar, struct err *err)
{
    static struct arena a;
    struct unpacked u = { 0 };
    /* Only the initial namespace's root may set trusted attributes. */
    bool rootless = fsetxattr(root_fd, "trusted.test", "y", 1, 0) < 0;
    struct place_options opt = { .rootless = rootless, .ignore_chown_errors = rootless };
    struct ring *ring = ring_new(tar->len + 1);

    assert_int_equal(ring_write(ring, tar->data, tar->len), 0);
    ring_close(ring, 0);
    mode_t mask = umask(0);
    int r = unpack_stream(ring, root_fd, &opt, NULL, &a, &u, err);
    umask(mask);
    ring_free(ring);
    return r;
}

static void fresh(void)
{
    assert_int_equal(fs_remove_tree(base_fd, "root"), 0);
    assert_int_equal(fs_remove_tree(base_fd, "outside"), 0);
    assert_int_equal(mkdirat(base_fd, "root", 0755), 0);
    assert_int_equal(mkdirat(base_fd, "outside", 0755), 0);
    AUTO_CLOSE int canary = openat(base_fd, "outside/canary", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(canary, "alive", 5), 5);
    if (root_fd >= 0)
        close(root_fd);
    root_fd = fs_open_dir(base_fd, "root");
    assert_true(root_fd >= 0);
}

/* Nothing outside the root was touched. */
static void check_outside(const char *title)
{
    AUTO_BUF b = { .max = 64 };
    struct stat st;
    int64_t bytes, entries;

    if (fs_read_file(base_fd, "outside/canary", &b) < 0 || !STR_EQ(b.data, "alive"))
        fail_msg("%s: the canary died", title);
    assert_int_equal(fs_tree_size(base_fd, "outside", &bytes, &entries), 0);
    if (entries != 2)
        fail_msg("%s: %lld entries outside", title, (long long)entries);
    assert_int_equal(fstatat(base_fd, "outside/canary", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_nlink, 1);
}

static char kind_of(const char *path)
{
    char value[4];
    struct stat st;

    if (fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return '-';
    if (S_ISREG(st.st_mode))
        return 'f';
    if (S_ISLNK(st.st_mode))
        return 'l';
    if (S_ISCHR(st.st_mode))
        return st.st_rdev == 0 ? 'w' : 'c';
    if (S_ISFIFO(st.st_mode))
        return 'p';
    AUTO_CLOSE int fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY);
    if (fgetxattr(fd, "trusted.overlay.opaque", value, sizeof(value)) == 1 ||
        fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) == 1)
        return 'o';
    return 'd';
}

static void check_expect(const char *title, const struct expect *e)
{
    AUTO_BUF b = { .max = 4096 };

    if (kind_of(e->path) != e->kind)
        fail_msg("%s: %s is '%c', not '%c'", title, e->path, kind_of(e->path), e->kind);
    if (!e->data)
        return;
    assert_int_equal(fs_read_file(root_fd, e->path, &b), 0);
    if (!STR_EQ(b.data ? b.data : "", e->data))
        fail_msg("%s: %s holds \"%s\"", title, e->path, b.data);
}

#define OUT "../outside"
static const struct row rows[] = {
    { "plain file", 0, { { '0', "a", 0, "x", 0, 0 } }, { { 'f', "a", "x" } } },
    { "absolute name", 0, { { '0', "/a", 0, "x", 0, 0 } }, { { 'f', "a", "x" } } },
    { "dot components", 0, { { '0', "./b/.//../a", 0, "x", 0, 0 } }, { { 'f', "a", "x" } } },
    { "parent", -EINVAL, { { '0', OUT "/x", 0, "x", 0, 0 } }, { { '-', "x", 0 } } },
    { "parent in the middle", -EINVAL, { { '0', "a/../../outside/x", 0, "x", 0, 0 } }, { { 0 } } },
    { "only parent", -EINVAL, { { '5', "..", 0, 0, 0755, 0 } }, { { 0 } } },
    { "relative link out, file through it",
      -EEXIST,
      { { '2', "l", OUT, 0, 0777, 0 }, { '0', "l/x/y", 0, "x", 0, 0 } },
      { { 'l', "l", 0 } } },
    { "absolute link, file through it stays inside",
      0,
      { { '5', "d", 0, 0, 0755, 0 }, { '2', "l", "/d", 0, 0777, 0 }, { '0', "l/x", 0, "x", 0, 0 } },
      { { 'f', "d/x", "x" } } },
    { "link to /, file through it",
      0,
      { { '2', "l", "/../../..", 0, 0777, 0 }, { '0', "l/x", 0, "x", 0, 0 } },
      { { 'f', "x", "x" } } },
    { "link loop",
      -ELOOP,
      { { '2', "a", "b", 0, 0777, 0 },
        { '2', "b", "a", 0, 0777, 0 },
        { '0', "a/x", 0, "x", 0, 0 } },
      { { 0 } } },
    { "file over a link does not follow",
      0,
      { { '2', "l", OUT "/canary", 0, 0777, 0 }, { '0', "l", 0, "x", 0, 0 } },
      { { 'f', "l", "x" } } },
    { "hard link to outside",
      -EINVAL,
      { { '1', "h", OUT "/canary", 0, 0, 0 } },
      { { '-', "h", 0 } } },
    { "hard link to a link that points outside",
      0,
      { { '2', "l", OUT "/canary", 0, 0777, 0 }, { '1', "h", "l", 0, 0, 0 } },
      { { 'l', "h", 0 } } },
    { "hard link through a link that points outside",
      -ENOENT,
      { { '2', "l", OUT, 0, 0777, 0 }, { '1', "h", "l/canary", 0, 0, 0 } },
      { { '-', "h", 0 } } },
    { "hard link to nothing", -ENOENT, { { '1', "h", "none", 0, 0, 0 } }, { { '-', "h", 0 } } },
    { "hard link to itself",
      0,
      { { '0', "a", 0, "x", 0, 0 }, { '1', "a", "a", 0, 0, 0 } },
      { { 'f', "a", "x" } } },
    { "hard link to a directory",
      -EINVAL,
      { { '5', "d", 0, 0, 0755, 0 }, { '1', "h", "d", 0, 0, 0 } },
      { { '-', "h", 0 } } },
    { "hard link",
      0,
      { { '0', "a", 0, "x", 0, 0 }, { '1', "b/h", "/a", 0, 0, 0 } },
      { { 'f', "b/h", "x" } } },
    { "later file wins",
      0,
      { { '0', "a", 0, "x", 0, 0 }, { '0', "a", 0, "y", 0, 0 } },
      { { 'f', "a", "y" } } },
    { "file over a directory",
      0,
      { { '5', "d", 0, 0, 0755, 0 }, { '0', "d/x", 0, "x", 0, 0 }, { '0', "d", 0, "y", 0, 0 } },
      { { 'f', "d", "y" } } },
    { "directory over a file",
      0,
      { { '0', "d", 0, "y", 0, 0 }, { '5', "d/", 0, 0, 0755, 0 } },
      { { 'd', "d", 0 } } },
    { "directory over a link",
      0,
      { { '2', "d", OUT, 0, 0777, 0 }, { '5', "d", 0, 0, 0777, 0 }, { '0', "d/x", 0, "x", 0, 0 } },
      { { 'd', "d", 0 }, { 'f', "d/x", "x" } } },
    { "a directory replaced by a link while its parent is open",
      0,
      { { '0', "d/a", 0, "x", 0, 0 },
        { '5', "e", 0, 0, 0755, 0 },
        { '2', "d", "e", 0, 0777, 0 },
        { '0', "d/b", 0, "y", 0, 0 } },
      { { 'f', "e/b", "y" }, { '-', "d/a", 0 } } },
    { "file below a file",
      -ENOTDIR,
      { { '0', "a", 0, "x", 0, 0 }, { '0', "a/b", 0, "x", 0, 0 } },
      { { 'f', "a", "x" } } },
    { "whiteout", 0, { { '0', "d/.wh.x", 0, 0, 0, 0 } }, { { 'w', "d/x", 0 } } },
    { "whiteout of ..", -EINVAL, { { '0', "d/.wh...", 0, 0, 0, 0 } }, { { 0 } } },
    { "whiteout of .", -EINVAL, { { '0', "d/.wh..", 0, 0, 0, 0 } }, { { 0 } } },
    { "whiteout of nothing", -EINVAL, { { '0', "d/.wh.", 0, 0, 0, 0 } }, { { 0 } } },
    { "whiteout of what the layer has",
      0,
      { { '0', "d/x", 0, "x", 0, 0 }, { '0', "d/.wh.x", 0, 0, 0, 0 } },
      { { 'f', "d/x", "x" } } },
    { "whiteout, then a directory: what is below is hidden",
      0,
      { { '0', ".wh.d", 0, 0, 0, 0 }, { '5', "d", 0, 0, 0755, 0 } },
      { { 'o', "d", 0 } } },
    { "opaque directory",
      0,
      { { '5', "d", 0, 0, 0755, 0 }, { '0', "d/.wh..wh..opq", 0, 0, 0, 0 } },
      { { 'o', "d", 0 } } },
    { "opaque at the root", 0, { { '0', ".wh..wh..opq", 0, 0, 0, 0 } }, { { 'o', ".", 0 } } },
    { "AUFS's own files",
      0,
      { { '0', ".wh..wh.plnk", 0, 0, 0, 0 } },
      { { '-', ".wh..wh.plnk", 0 } } },
    { "a device that is a whiteout", -EINVAL, { { '3', "x", 0, 0, 0, 0 } }, { { '-', "x", 0 } } },
    { "FIFO", 0, { { '6', "p", 0, 0, 0, 0 } }, { { 'p', "p", 0 } } },
    { "the root as a file",
      -EINVAL,
      { { '0', "./", 0, "x", 0, 0 }, { '2', ".", "x", 0, 0, 0 } },
      { { 0 } } },
    { "link without target", -EINVAL, { { '2', "l", "", 0, 0777, 0 } }, { { '-', "l", 0 } } },
    { "newline in a name", 0, { { '0', "a\nb", 0, "x", 0, 0 } }, { { 'f', "a\nb", "x" } } },
    { "unknown type", -EINVAL, { { 'Z', "a", 0, "x", 0, 0 } }, { { '-', "a", 0 } } },
    { "size beyond the end", -EINVAL, { { '0', "a", 0, "x", 0, 1 << 20 } }, { { 0 } } },
    { "size beyond reason", -EFBIG, { { '0', "a", 0, "x", 0, 1ll << 60 } }, { { 0 } } },
    { "name of 300 bytes",
      0,
      { { '0',
          "d/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
          "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
          0, "x", 0, 0 } },
      { { 'f',
          "d/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
          "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
          "x" } } },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct row *row = &rows[i];
        AUTO_BUF tar = { 0 };
        struct err err = { 0 };
        fresh();
        for (const struct item *it = row->items; it < row->items + 6 && it->type; it++)
            add_item(&tar, it);
        finish_tar(&tar);
        int r = unpack(&tar, &err);
        if (r != row->want)
            fail_msg("%s: %d (%s), not %d", row->title, r, err.msg, row->want);
        for (const struct expect *e = row->expects; e < row->expects + 5 && e->path; e++)
            check_expect(row->title, e);
        check_outside(row->title);
    }
}

/* A pax header in front of one empty file "f". */
static int unpack_pax(const char *records, size_t len, struct err *err)
{
    static const char zeros[TAR_BLOCK];
    AUTO_BUF tar = { 0 };
    struct item x = { .type = 'x', .name = "pax", .size = (int64_t)len };
    struct item f = { .type = '0', .name = "f" };

    fresh();
    add_header(&tar, &x);
    buf_put(&tar, records, len);
    buf_put(&tar, zeros, tar_padding((int64_t)len));
    add_item(&tar, &f);
    finish_tar(&tar);
    return unpack(&tar, err);
}

static void test_pax(void **state)
{
    static const struct {
        const char *records;
        size_t len; /* 0: strlen */
        int want;
        const char *path;
    } cases[] = {
        { "9 path=g\n", 0, 0, "g" },
        { "20 path=../outside\n", 0, -EINVAL, NULL },
        { "16 path=a\0bcdef\n", 16, -EINVAL, NULL },
        { "99 path=g\n", 0, -EINVAL, NULL },
        { "0 path=g\n", 0, -EINVAL, NULL },
        { "path=g\n", 0, -EINVAL, NULL },
        { "4 =\n", 0, -EINVAL, NULL },
        { "12 size=-1x\n", 0, -EINVAL, NULL },
        { "20 uid=99999999999\n", 0, -EINVAL, NULL },
        { "22 mtime=1700000000.5\n", 0, 0, "f" },
        { "21 GNU.sparse.major=1\n", 0, -EINVAL, NULL },
        { "35 SCHILY.xattr.user.overlay.x=abc\n", 0, 0, "f" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = { 0 };
        size_t len = cases[i].len ? cases[i].len : strlen(cases[i].records);
        int r = unpack_pax(cases[i].records, len, &err);
        if (r != cases[i].want)
            fail_msg("%s: %d (%s), not %d", cases[i].records, r, err.msg, cases[i].want);
        if (cases[i].path)
            assert_int_equal(kind_of(cases[i].path), 'f');
        check_outside(cases[i].records);
    }
}

static void test_huge_pax(void **state)
{
    AUTO_BUF tar = { 0 };
    struct err err = { 0 };
    struct item x = { .type = 'x', .name = "pax", .size = 1ll << 40 };

    (void)state;
    fresh();
    add_header(&tar, &x);
    assert_int_equal(unpack(&tar, &err), -EFBIG);
}

static void test_many_headers(void **state)
{
    AUTO_BUF tar = { 0 };
    struct err err = { 0 };
    struct item x = { .type = 'L', .name = "l", .data = "name" };

    (void)state;
    fresh();
    for (int i = 0; i < 100; i++)
        add_item(&tar, &x);
    finish_tar(&tar);
    assert_int_equal(unpack(&tar, &err), -EINVAL);
}

static void test_truncated(void **state)
{
    AUTO_BUF tar = { 0 };
    struct item f = { .type = '0', .name = "f", .data = "contents" };

    (void)state;
    add_item(&tar, &f);
    for (size_t n = 1; n < tar.len; n += 100) {
        struct err err = { 0 };
        struct buf part = { .data = tar.data, .len = n, .max = SIZE_MAX };
        fresh();
        int r = unpack(&part, &err);
        /* The filler after the data is missed only when another header is asked for. */
        assert_int_equal(r, -EINVAL);
    }
}

static void test_checksum(void **state)
{
    AUTO_BUF tar = { 0 };
    struct err err = { 0 };
    struct item f = { .type = '0', .name = "f", .data = "contents" };

    (void)state;
    fresh();
    add_item(&tar, &f);
    finish_tar(&tar);
    tar.data[0] = 'g';
    assert_int_equal(unpack(&tar, &err), -EINVAL);
}

static void test_attributes(void **state)
{
    AUTO_BUF tar = { 0 };
    struct err err = { 0 };
    struct stat st;
    struct item items[] = { { '5', "d", 0, 0, 01777, 0 }, { '0', "d/suid", 0, "x", 04755, 0 } };

    (void)state;
    fresh();
    for (size_t i = 0; i < ARRAY_SIZE(items); i++)
        add_item(&tar, &items[i]);
    finish_tar(&tar);
    assert_int_equal(unpack(&tar, &err), 0);
    assert_int_equal(fstatat(root_fd, "d/suid", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 04755);
    assert_int_equal(st.st_mtime, 1000);
    assert_int_equal(fstatat(root_fd, "d", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 01777);
    assert_int_equal(st.st_mtime, 1000); /* in spite of the file that came into it later */
}

static void test_clean_path(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "a", "a" },          { "/a//b/", "a/b" }, { "./a/./b", "a/b" }, { "a/..", "" },
        { "a/b/../c", "a/c" }, { "", "" },          { "..", NULL },       { "a/../..", NULL },
        { "...", "..." },      { "/..", NULL },
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool ok = place_clean_path(cases[i].in, out, sizeof(out));
        assert_int_equal(ok, cases[i].out != NULL);
        if (ok)
            assert_string_equal(out, cases[i].out);
    }
}

static int set_up(void **state)
{
    (void)state;
    root_fd = -1;
    if (!mkdtemp(base_dir))
        return -1;
    base_fd = open(base_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return base_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return fs_remove_tree(AT_FDCWD, base_dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_pax),
        cmocka_unit_test(test_huge_pax),   cmocka_unit_test(test_many_headers),
        cmocka_unit_test(test_truncated),  cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_attributes), cmocka_unit_test(test_clean_path),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
