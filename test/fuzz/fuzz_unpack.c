/* A layer from a stranger, unpacked for real into a temporary directory. */
#include <assert.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "image/mod/ring.h"
#include "image/mod/unpack.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char base[] = "/tmp/podman-fuzz-XXXXXX";
    static int dir = -1;
    AUTO_ARENA a = { 0 };
    struct unpacked u = { 0 };
    struct place_options opt = { .rootless = true, .ignore_chown_errors = true };
    struct err err = { 0 };
    int64_t bytes, entries;

    if (dir < 0) {
        char *made = mkdtemp(base);
        assert(made);
        dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        umask(0);
    }
    int r = mkdirat(dir, "root", 0755);
    assert(r == 0);
    AUTO_CLOSE int root = fs_open_dir(dir, "root");
    struct ring *ring = ring_new(size + 1);
    r = ring_write(ring, data, size);
    assert(r == 0);
    ring_close(ring, 0);
    r = unpack_stream(ring, root, &opt, NULL, &a, &u, &err);
    assert(r == 0 || err.kind != ERR_NONE);
    ring_free(ring);
    r = fs_remove_tree(dir, "root");
    assert(r == 0);
    r = fs_tree_size(AT_FDCWD, base, &bytes, &entries);
    assert(r == 0 && entries == 1); /* nothing came out of the root */
    return 0;
}
