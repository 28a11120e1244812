/* Media types between Docker and OCI, and layers packed anew.  If one of these failed, registries and other tools would
 * refuse what we push, or the pushed layer would not be the image's. */
#include "unit.h"

#include <sys/mman.h>

#include "base/buf.h"
#include "base/fs.h"
#include "image/mod/deflate.h"
#include "image/mod/media.h"
#include "image/mod/repack.h"

#include "base/banned.h"

#define OCI    "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static void test_manifest(void **state)
{
    static const struct {
        const char *in, *out;
        enum media_family to;
    } rows[] = {
        { "{\"mediaType\":\"" OCI "manifest.v1+json\",\"config\":{\"mediaType\":\"" OCI
          "config.v1+json\"},\"layers\":[{\"mediaType\":\"" OCI "layer.v1.tar+gzip\"}],"
          "\"annotations\":{\"a\":\"b\"}}",
          "{\"mediaType\":\"" DOCKER
          "distribution.manifest.v2+json\",\"config\":{\"mediaType\":\"" DOCKER
          "container.image.v1+json\"},\"layers\":[{\"mediaType\":\"" DOCKER
          "image.rootfs.diff.tar.gzip\"}]}",
          MEDIA_DOCKER },
        { "{\"mediaType\":\"" DOCKER
          "distribution.manifest.v2+json\",\"config\":{\"mediaType\":\"" DOCKER
          "container.image.v1+json\"},\"layers\":[{\"mediaType\":\"" DOCKER
          "image.rootfs.diff.tar\",\"x\":1}]}",
          "{\"mediaType\":\"" OCI "manifest.v1+json\",\"config\":{\"mediaType\":\"" OCI
          "config.v1+json\"},\"layers\":[{\"mediaType\":\"" OCI "layer.v1.tar\",\"x\":1}]}",
          MEDIA_OCI },
        { "{\"layers\":[]}",
          "{\"layers\":[],\"mediaType\":\"" DOCKER "distribution.manifest.v2+json\"}",
          MEDIA_DOCKER },
        { "{\"config\":{\"mediaType\":\"application/x-thing\"},\"layers\":[{\"mediaType\":\"a/"
          "b\"}]}",
          NULL, MEDIA_OCI },
        { "{\"mediaType\":\"" OCI "manifest.v1+json\"}", NULL, MEDIA_OCI },
        { "{\"mediaType\":\"" OCI "manifest.v1+json\"}", NULL, MEDIA_OTHER },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_JSON *doc = json_parse(rows[i].in, strlen(rows[i].in), "row", NULL);
        AUTO_BUF text = { 0 };
        assert_non_null(doc);
        assert_int_equal(media_convert_manifest(doc, rows[i].to), rows[i].out != NULL);
        json_text(doc, 0, &text);
        assert_string_equal(text.data, rows[i].out ? rows[i].out : rows[i].in);
    }
}

static int collect(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

static const struct {
    enum compression format;
    int level, r;
} levels[] = {
    { COMP_NONE, -1, 0 },       { COMP_GZIP, -1, 0 },      { COMP_GZIP, 0, 0 },
    { COMP_GZIP, 1, 0 },        { COMP_GZIP, 3, 0 },       { COMP_GZIP, 9, 0 },
    { COMP_GZIP, 10, -EINVAL }, { COMP_ZSTD, -1, 0 },      { COMP_ZSTD, 1, 0 },
    { COMP_ZSTD, 19, 0 },       { COMP_ZSTD, 0, -EINVAL }, { COMP_ZSTD, 99, -EINVAL },
};

static int numbers_file(size_t n)
{
    AUTO_BUF b = { 0 };
    int fd = memfd_create("numbers", MFD_CLOEXEC);

    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%zu\n", i * i);
    assert_int_equal(write_all(fd, b.data ? b.data : "", b.len), 0);
    return fd;
}

/* Packed, unpacked and the same again; twice packed and the same bytes. */
static void check_level(size_t row, int fd)
{
    AUTO_BUF once = { 0 }, again = { 0 }, plain = { 0 }, want = { 0 };
    AUTO_CLOSE int packed = memfd_create("packed", MFD_CLOEXEC);

    assert_int_equal(repack(fd, levels[row].format, levels[row].level, collect, &once, NULL),
                     levels[row].r);
    if (levels[row].r < 0)
        return;
    assert_int_equal(repack(fd, levels[row].format, levels[row].level, collect, &again, NULL), 0);
    assert_int_equal(once.len, again.len);
    assert_memory_equal(once.data ? once.data : "", again.data ? again.data : "", once.len);
    if (levels[row].format != COMP_NONE)
        assert_int_equal(compression_detect(once.data, once.len), levels[row].format);
    assert_int_equal(write_all(packed, once.data ? once.data : "", once.len), 0);
    assert_int_equal(repack(packed, COMP_NONE, -1, collect, &plain, NULL), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(buf_read_fd(&want, fd), 0);
    assert_int_equal(plain.len, want.len);
    assert_memory_equal(plain.data ? plain.data : "", want.data ? want.data : "", want.len);
}

static void test_packing(void **state)
{
    static const size_t sizes[] = { 0, 1, 40000 };

    (void)state;
    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        AUTO_CLOSE int fd = numbers_file(sizes[s]);
        for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
            check_level(i, fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_packing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
