/* quadlet/words.h: the words of a unit file's value, as systemd splits and quotes them.
 *
 * systemd.syntax(7) and systemd.service(5), "Command lines" and "Quoting": blanks part words, double
 * and single quotes keep them together wherever they stand in a word; with WORDS_UNESCAPE the C
 * escapes of \a \b \f \n \r \t \v \\ \" \' \s \xHH \NNN \uHHHH \UHHHHHHHH are read, without it a
 * backslash is a character like any other.  A quote that is not closed ends with the value. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum words_mode { WORDS_LITERAL, WORDS_UNESCAPE };

/* NULL in @ret for no word at all.  -EINVAL: an escape that systemd does not know. */
int words_split(struct arena *a, const char *text, enum words_mode mode, char ***ret,
                struct err *err) MUST_CHECK;

/* The words as one line of Exec=: what words_split(WORDS_UNESCAPE) reads back.  '%' is left alone:
 * a unit's author means systemd's specifiers. */
char *words_quote(struct arena *a, char *const *words);
