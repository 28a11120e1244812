/* Feeds every file of the directories named on the command line to a fuzz target: the ordinary test
 * run replays the corpus in any build.  If this fails, a parser broke on an input that once broke it
 * (or that shows a feature of its language). */
#include <dirent.h>
#include <fcntl.h>

#include "base/fs.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_dir(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;

    if (!d) {
        perror(path);
        return -1;
    }
    for (struct dirent *e; (e = readdir(d));) {
        AUTO_BUF b = { .max = 1 << 20 };
        if (e->d_name[0] == '.')
            continue;
        if (fs_read_file(dirfd(d), e->d_name, &b) < 0) {
            perror(e->d_name);
            n = -1;
            break;
        }
        /* A copy of exactly its size, so that AddressSanitizer sees a read past the end. */
        uint8_t *copy = xmalloc(b.len + !b.len);
        if (b.len)
            memcpy(copy, b.data, b.len);
        LLVMFuzzerTestOneInput(copy, b.len);
        free(copy);
        n++;
    }
    closedir(d);
    return n;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        int n = replay_dir(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    printf("%d inputs\n", total);
    return total == 0;
}
