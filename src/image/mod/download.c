#include "image/mod/download.h"

#include "base/fs.h"
#include "image/mod/http.h"

#include "base/banned.h"

bool is_url(const char *path)
{
    return str_starts(path, "http://") || str_starts(path, "https://");
}

int download(const char *url, byte_sink sink, void *arg, struct err *err)
{
    struct http_options opt = { 0 };
    struct http_request rq = { .url = url };
    struct http_answer ans;

    http_init();
    AUTO_HTTP *h = http_new(&opt, err);
    int r = h ? http_request(h, &rq, sink, arg, &ans, err) : -ENOMEM;
    if (r == 0 && ans.status / 100 != 2)
        r = err_set(err, ERR_UNAVAILABLE, EPROTO, "downloading %s: HTTP status %ld", url,
                    ans.status);
    return r;
}

struct file_sink {
    int fd;
    int64_t left;
    int failed;
};

static int to_file(void *arg, const void *data, size_t len)
{
    struct file_sink *f = arg;

    f->failed = (int64_t)len > f->left ? -EFBIG : write_all(f->fd, data, len);
    f->left -= (int64_t)len;
    return f->failed;
}

int module_download(const char *url, int fd, int64_t max, struct err *err)
{
    struct file_sink f = { .fd = fd, .left = max };
    int r = download(url, to_file, &f, err);

    if (f.failed < 0 && err && err->kind == ERR_NONE)
        return err_sys(err, -f.failed, "writing what %s has", url);
    return r;
}
