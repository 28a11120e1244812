#include "store/db.h"

#include <assert.h>
#include <sqlite3.h>

#include "base/log.h"
#include "base/parse.h"

#include "base/banned.h"

/* A statement text is used a few times in one process at most; a small cache by address keeps the
 * prepared ones. */
enum { STMT_CACHE = 24 };

/* When nobody else has the database open, whoever opens it first has to read the whole log; folding the log
 * back into the file waits for the disk.  So the log is kept short by a process of its own, started when a
 * command that has found it longer than this ends. */
enum { LOG_PAGES = 64 };

struct db {
    sqlite3 *h;
    char *path;
    int log_pages; /* after our last commit */
    bool in_transaction;
    struct {
        const char *sql;
        sqlite3_stmt *stmt;
        bool busy;
    } cache[STMT_CACHE];
    size_t next;
};

/* The whole schema.  A new version appends to `steps`; PRAGMA user_version tells which were done. */
static const char *const steps[] = {
    /* 1 */
    "CREATE TABLE containers("
    " id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, image TEXT, created INTEGER NOT NULL,"
    " auto_remove INTEGER NOT NULL DEFAULT 0, pod TEXT, config TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX containers_image ON containers(image);"
    "CREATE TABLE volumes("
    " name TEXT PRIMARY KEY, driver TEXT NOT NULL, created INTEGER NOT NULL,"
    " anonymous INTEGER NOT NULL DEFAULT 0, config TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE container_volumes("
    " container TEXT NOT NULL, volume TEXT NOT NULL, PRIMARY KEY(container, volume)) WITHOUT ROWID;"
    "CREATE INDEX container_volumes_volume ON container_volumes(volume);"
    /* Whose namespaces a container uses: those it needs cannot go before it. */
    "CREATE TABLE container_needs("
    " container TEXT NOT NULL, needs TEXT NOT NULL, PRIMARY KEY(container, needs)) WITHOUT ROWID;"
    "CREATE INDEX container_needs_needs ON container_needs(needs);"
    /* One row per stored manifest (or index); `id` is the hexadecimal config digest. */
    "CREATE TABLE images("
    " id TEXT PRIMARY KEY, digest TEXT NOT NULL, media_type TEXT NOT NULL, created INTEGER NOT "
    "NULL,"
    " size INTEGER NOT NULL, stored INTEGER NOT NULL, config TEXT NOT NULL, layers TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX images_digest ON images(digest);"
    "CREATE TABLE image_names("
    " name TEXT PRIMARY KEY, image TEXT NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX image_names_image ON image_names(image);"
    "CREATE TABLE layers("
    " key TEXT PRIMARY KEY, diff_id TEXT NOT NULL, blob TEXT, size INTEGER NOT NULL,"
    " created INTEGER NOT NULL) WITHOUT ROWID;",
    /* 2: which files an image needs, and which files nobody needs any more (image/gc.c).  `kind` is
     * manifest, index, config, blob (a digest each) or layer (a key). */
    "CREATE TABLE image_refs("
    " ref TEXT NOT NULL, image TEXT NOT NULL, kind TEXT NOT NULL,"
    " PRIMARY KEY(ref, image, kind)) WITHOUT ROWID;"
    "CREATE INDEX image_refs_image ON image_refs(image);"
    "CREATE TABLE image_garbage("
    " ref TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY(ref, kind)) WITHOUT ROWID;",
    /* 3: every name that an image ever had here ("NamesHistory" of inspect). */
    "CREATE TABLE image_names_history("
    " image TEXT NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL,"
    " PRIMARY KEY(image, name)) WITHOUT ROWID;",
    /* 4: artifacts.  Their blobs stand in image_refs under the owner "artifact:<name>". */
    "CREATE TABLE artifacts("
    " name TEXT PRIMARY KEY, digest TEXT NOT NULL, media_type TEXT NOT NULL,"
    " stored INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX artifacts_digest ON artifacts(digest);",
    /* 5: who has which address of a network and which port of the host (net/ipam.c). */
    "CREATE TABLE leases("
    " network TEXT NOT NULL, address TEXT NOT NULL, container TEXT NOT NULL,"
    " PRIMARY KEY(network, address)) WITHOUT ROWID;"
    "CREATE INDEX leases_container ON leases(container);"
    "CREATE TABLE lease_last("
    " network TEXT NOT NULL, subnet TEXT NOT NULL, address TEXT NOT NULL,"
    " PRIMARY KEY(network, subnet)) WITHOUT ROWID;"
    "CREATE TABLE published("
    " container TEXT NOT NULL, protocol INTEGER NOT NULL, host TEXT NOT NULL,"
    " host_port INTEGER NOT NULL, count INTEGER NOT NULL, address TEXT NOT NULL,"
    " port INTEGER NOT NULL);"
    "CREATE INDEX published_container ON published(container);"
    "CREATE INDEX published_port ON published(host_port);",
    /* 6: pods; containers.pod tells whose member a container is. */
    "CREATE TABLE pods("
    " id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,"
    " config TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX containers_pod ON containers(pod);",
};

static int db_fail(struct db *db, struct err *err, const char *what)
{
    int code = sqlite3_extended_errcode(db->h);

    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return err_set(err, ERR_CONFLICT, EEXIST, "%s: %s", what, sqlite3_errmsg(db->h));
    case SQLITE_FULL:
        return err_set(err, ERR_INTERNAL, ENOSPC, "%s: no space left for the database", what);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return err_set(err, ERR_DENIED, EACCES, "%s: the database cannot be written: %s", what,
                       sqlite3_errmsg(db->h));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(err, ERR_INTERNAL, EUCLEAN, "%s: the database is damaged: %s", what,
                       sqlite3_errmsg(db->h));
    default:
        return err_set(err, ERR_INTERNAL, EIO, "%s: %s", what, sqlite3_errmsg(db->h));
    }
}

/* SQLite's own busy handler sleeps up to 100 ms at a time; our transactions last microseconds. */
static int busy(void *arg, int tries)
{
    (void)arg;
    if (tries > 200000)
        return 0;
    struct timespec ts = { .tv_nsec = tries < 50 ? 50000 : 200000 };
    nanosleep(&ts, NULL);
    return 1;
}

static int committed(void *arg, sqlite3 *h, const char *name, int pages)
{
    struct db *db = arg;

    (void)h, (void)name;
    db->log_pages = pages;
    return SQLITE_OK;
}

static int user_version(struct db *db)
{
    sqlite3_stmt *st;
    int v = -1;

    if (sqlite3_prepare_v2(db->h, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        v = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return v;
}

static int upgrade(struct db *db, struct err *err)
{
    int have = user_version(db);

    if (have < 0)
        return db_fail(db, err, "reading the database");
    if (have == ARRAY_SIZE(steps))
        return 0;
    if (have > (int)ARRAY_SIZE(steps))
        return err_set(err, ERR_UNSUPPORTED, EPROTO,
                       "the database was written by a newer version (schema %d, ours is %zu)", have,
                       ARRAY_SIZE(steps));
    if (sqlite3_exec(db->h, "PRAGMA journal_mode=WAL", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db->h, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, err, "preparing the database");
    have = user_version(db); /* somebody else may have been faster */
    char set[64];
    snprintf(set, sizeof(set), "PRAGMA user_version=%zu", ARRAY_SIZE(steps));
    for (size_t i = (size_t)have; i < ARRAY_SIZE(steps); i++)
        if (sqlite3_exec(db->h, steps[i], NULL, NULL, NULL) != SQLITE_OK)
            return db_fail(db, err, "creating the database");
    if (sqlite3_exec(db->h, set, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db->h, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, err, "creating the database");
    return 0;
}

struct db *db_open(int dir, const char *dir_path, struct err *err)
{
    (void)dir;
    sqlite3_config(
        SQLITE_CONFIG_SINGLETHREAD); /* never from two threads: see the header of store */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

    struct db *db = xcalloc(1, sizeof(*db));
    char *path = db->path = xasprintf("%s/db.sqlite", dir_path);
    int r = sqlite3_open_v2(path, &db->h,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (r != SQLITE_OK) {
        err_set(err, ERR_INTERNAL, EIO, "opening %s: %s", path,
                db->h ? sqlite3_errmsg(db->h) : sqlite3_errstr(r));
        return db_close(db);
    }
    sqlite3_busy_handler(db->h, busy, NULL);
    sqlite3_wal_hook(db->h, committed, db); /* in the place of SQLite's own, which folds at once */
    /* Folding the log back into the file costs two fsyncs: not at the end of every command. */
    sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_exec(db->h, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
    if (upgrade(db, err) < 0) {
        err_wrap(err, "%s", path);
        return db_close(db);
    }
    return db;
}

/* Runs detached, on a connection of its own (one must not cross a fork).  Readers and writers go on
 * meanwhile, but for the moment in which the log is cut; it gives way when somebody is at work.  (Cut it has
 * to be: what a checkpoint without that has done is forgotten with the last connection.) */
_Noreturn static void fold_log(const char *path)
{
    sqlite3 *h;

    setsid();
    for (int i = 0; i < 3; i++)
        close(i); /* nobody may wait for us at the end of a pipe */
    if (sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        sqlite3_db_config(h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_exec(h, "PRAGMA synchronous=NORMAL; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
                     NULL);
    }
    _exit(0);
}

struct db *db_close(struct db *db)
{
    if (db) {
        for (size_t i = 0; i < STMT_CACHE; i++)
            sqlite3_finalize(db->cache[i].stmt);
        sqlite3_close(db->h);
        if (db->log_pages >= LOG_PAGES && fork() == 0)
            fold_log(db->path);
        free(db->path);
        free(db);
    }
    return NULL;
}

static sqlite3_stmt *prepare(struct db *db, const char *sql)
{
    for (size_t i = 0; i < STMT_CACHE; i++)
        if (db->cache[i].sql == sql && !db->cache[i].busy) {
            db->cache[i].busy = true;
            return db->cache[i].stmt;
        }
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db->h, sql, -1, &st, NULL) != SQLITE_OK)
        return NULL;
    for (size_t tries = 0; tries < STMT_CACHE; tries++) {
        size_t i = db->next++ % STMT_CACHE;
        if (db->cache[i].busy)
            continue;
        sqlite3_finalize(db->cache[i].stmt);
        db->cache[i].sql = sql;
        db->cache[i].stmt = st;
        db->cache[i].busy = true;
        break;
    }
    return st;
}

static void release(struct db *db, sqlite3_stmt *st)
{
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    for (size_t i = 0; i < STMT_CACHE; i++)
        if (db->cache[i].stmt == st) {
            db->cache[i].busy = false;
            return;
        }
    sqlite3_finalize(st);
}

static void bind(sqlite3_stmt *st, const char *fmt, va_list ap)
{
    int col = 1;

    for (; fmt && *fmt; fmt++, col++) {
        switch (*fmt) {
        case 's': {
            const char *s = va_arg(ap, const char *);
            if (s)
                sqlite3_bind_text(st, col, s, -1, SQLITE_TRANSIENT);
            else
                sqlite3_bind_null(st, col);
            break;
        }
        case 'i':
            sqlite3_bind_int64(st, col, va_arg(ap, int64_t));
            break;
        case 'b':
            sqlite3_bind_int(st, col, va_arg(ap, int));
            break;
        default:
            assert(!"db: unknown format letter");
        }
    }
}

int db_begin(struct db *db, enum db_durability durability, struct err *err)
{
    assert(!db->in_transaction);
    sqlite3_exec(db->h,
                 durability == DB_DURABLE ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
                 NULL, NULL, NULL);
    if (sqlite3_exec(db->h, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, err, "starting a transaction");
    db->in_transaction = true;
    return 0;
}

int db_commit(struct db *db, struct err *err)
{
    assert(db->in_transaction);
    if (sqlite3_exec(db->h, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        int r = db_fail(db, err, "committing");
        db_rollback(db);
        return r;
    }
    db->in_transaction = false;
    return 0;
}

void db_rollback(struct db *db)
{
    if (db->in_transaction)
        sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
    db->in_transaction = false;
}

int db_exec(struct db *db, struct err *err, const char *sql, const char *fmt, ...)
{
    va_list ap;
    sqlite3_stmt *st = prepare(db, sql);

    if (!st)
        return db_fail(db, err, "preparing a statement");
    va_start(ap, fmt);
    bind(st, fmt, ap);
    va_end(ap);
    int r = sqlite3_step(st);
    int out = r == SQLITE_DONE || r == SQLITE_ROW ? sqlite3_changes(db->h)
                                                  : db_fail(db, err, "writing the database");
    release(db, st);
    return out;
}

struct rows db_query(struct db *db, struct err *err, const char *sql, const char *fmt, ...)
{
    struct rows q = { .stmt = prepare(db, sql), .db = db, .err = err };
    va_list ap;

    if (!q.stmt) {
        q.r = SQLITE_ERROR;
        return q;
    }
    va_start(ap, fmt);
    bind(q.stmt, fmt, ap);
    va_end(ap);
    return q;
}

bool rows_next(struct rows *q)
{
    if (!q->stmt || (q->r != SQLITE_OK && q->r != SQLITE_ROW))
        return false;
    q->r = sqlite3_step(q->stmt);
    return q->r == SQLITE_ROW;
}

const char *rows_text(const struct rows *q, int col)
{
    return (const char *)sqlite3_column_text(q->stmt, col);
}

int64_t rows_int(const struct rows *q, int col)
{
    return sqlite3_column_int64(q->stmt, col);
}

int rows_end(struct rows *q)
{
    bool ok = q->r == SQLITE_OK || q->r == SQLITE_ROW || q->r == SQLITE_DONE;
    int r = ok ? 0 : db_fail(q->db, q->err, "reading the database");

    if (q->stmt)
        release(q->db, q->stmt);
    q->stmt = NULL;
    return r;
}
