/* store/db.h: SQLite (WAL) with the little that the rest of the program needs.
 *
 * Statements are prepared by text, bound by a format string and read by column:
 *
 *   struct rows q = db_query(db, err, "SELECT id FROM containers WHERE name = ?", "s", name);
 *   while (rows_next(&q))
 *       puts(rows_text(&q, 0));
 *   if (rows_end(&q) < 0) return ...;      // err is set
 *
 * Format letters: s (const char *, NULL binds NULL), i (int64_t), b (int: 0/1).
 * Commits are consistent after a power cut, but only a transaction begun with DB_DURABLE is sure to
 * survive it: the start path never waits for the disk. */
#pragma once

#include <stdarg.h>

#include "base/arena.h"
#include "base/err.h"

struct db;
struct sqlite3_stmt;

enum db_durability { DB_FAST, DB_DURABLE };

struct db *db_open(int dir, const char *dir_path, struct err *err);
struct db *db_close(struct db *db);

/* One write transaction; nesting is refused by assertion.  db_rollback() after a failed statement. */
int db_begin(struct db *db, enum db_durability durability, struct err *err) MUST_CHECK;
int db_commit(struct db *db, struct err *err) MUST_CHECK;
void db_rollback(struct db *db);

/* Runs one statement.  The number of changed rows, or negative errno: -EEXIST for a violated
 * uniqueness (ERR_CONFLICT), so a caller can tell a name clash. */
int db_exec(struct db *db, struct err *err, const char *sql, const char *fmt, ...) MUST_CHECK;

struct rows {
    struct sqlite3_stmt *stmt;
    struct db *db;
    struct err *err;
    int r;
};
struct rows db_query(struct db *db, struct err *err, const char *sql, const char *fmt, ...);
bool rows_next(struct rows *q);
const char *rows_text(const struct rows *q, int col); /* NULL for NULL; valid until the next row */
int64_t rows_int(const struct rows *q, int col);
int rows_end(struct rows *q); /* always call; 0 or negative errno */
