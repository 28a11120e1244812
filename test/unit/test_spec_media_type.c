/* Media types told from a file's first bytes.  If one of these failed, `artifact add` would describe a file other
 * than Podman does, and whoever pulls the artifact by type would not find it. */
#include "unit.h"

#include "spec/media_type.h"

#include "base/banned.h"

#define B(s) s, sizeof(s) - 1

static const struct {
    const char *data;
    size_t len;
    const char *want;
} rows[] = {
    { B(""), "text/plain; charset=utf-8" },
    { B("hello\n"), "text/plain; charset=utf-8" },
    { B("{\"a\": 1}"), "text/plain; charset=utf-8" },
    { B("gr\xc3\xbc\xc3\x9f"), "text/plain; charset=utf-8" },
    { B("\xef\xbb\xbftext"), "text/plain; charset=utf-8" },
    { B("\xfe\xff\0a"), "text/plain; charset=utf-16be" },
    { B("\xff\xfe"
        "a\0"),
      "text/plain; charset=utf-16le" },
    { B("a\0b"), "application/octet-stream" },
    { B("\x1b[0m"), "text/plain; charset=utf-8" }, /* an escape is no binary byte */
    { B("\x01"), "application/octet-stream" },
    { B("  \n<!DOCTYPE html>"), "text/html; charset=utf-8" },
    { B("<html>"), "text/html; charset=utf-8" },
    { B("<HtMl lang>"), "text/html; charset=utf-8" },
    { B("<htmlx>"), "text/plain; charset=utf-8" },
    { B("<!-- x"), "text/html; charset=utf-8" },
    { B("<p"), "text/plain; charset=utf-8" }, /* nothing ends the tag */
    { B("\t<?xml version"), "text/xml; charset=utf-8" },
    { B("%PDF-1.4"), "application/pdf" },
    { B("%!PS-Adobe-3"), "application/postscript" },
    { B("\x89PNG\r\n\x1a\n...."), "image/png" },
    { B("\xff\xd8\xff\xe0"), "image/jpeg" },
    { B("GIF89a"), "image/gif" },
    { B("GIF88a"), "text/plain; charset=utf-8" },
    { B("BM...."), "image/bmp" },
    { B("\0\0\1\0"), "image/x-icon" },
    { B("RIFF\1\2\3\4WEBPVP8 "), "image/webp" },
    { B("RIFF\1\2\3\4WAVEfmt "), "audio/wave" },
    { B("RIFF\1\2\3\4AVI LIST"), "video/avi" },
    { B("RIFF\1\2\3\4XXXX"), "application/octet-stream" },
    { B("FORM\0\0\0\1AIFF"), "audio/aiff" },
    { B("ID3\3"), "audio/mpeg" },
    { B("OggS\0"), "application/ogg" },
    { B("MThd\0\0\0\6"), "audio/midi" },
    { B("\0\0\0\x18"
        "ftypmp42\0\0\0\0mp42isom"),
      "video/mp4" },
    { B("\0\0\0\x10"
        "ftypXXXXmp41"),
      "application/octet-stream" }, /* the minor version is no brand */
    { B("\xff\xff\xff\xfc"
        "ftypmp42"),
      "text/plain; charset=utf-8" }, /* the box is longer than what is there */
    { B("\x1a\x45\xdf\xa3"), "video/webm" },
    { B("OTTO"), "font/otf" },
    { B("wOF2"), "font/woff2" },
    { B("\x1f\x8b\x08\0"), "application/x-gzip" },
    { B("PK\3\4"), "application/zip" },
    { B("Rar!\x1a\7\0"), "application/x-rar-compressed" },
    { B("\0asm\1\0\0\0"), "application/wasm" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *got = media_type_sniff(rows[i].data, rows[i].len);
        if (!STR_EQ(got, rows[i].want))
            fail_msg("row %zu: \"%s\", not \"%s\"", i, got, rows[i].want);
    }
}

static void test_first_bytes_only(void **state)
{
    char data[MEDIA_TYPE_BYTES + 1];

    (void)state;
    memset(data, 'a', sizeof(data));
    data[MEDIA_TYPE_BYTES] = '\0';
    assert_string_equal(media_type_sniff(data, sizeof(data)), "text/plain; charset=utf-8");
    assert_string_equal(media_type_sniff(data + 1, sizeof(data) - 1), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_first_bytes_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
