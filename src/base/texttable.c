#include "base/texttable.h"

#include "base/banned.h"

/* tabwriter(minwidth 12, tabwidth 2, padding 2, ' '): a column is a block of consecutive rows that all
 * have a cell there which ends in a tab; it is as wide as its widest cell plus 2, at least 12.  What
 * stands after the last tab of a row belongs to no column.  So a row with fewer cells ends the columns
 * beyond it, and those of later rows are measured anew. */

enum { MIN_WIDTH = 12, PADDING = 2 };

struct cell {
    const char *s;
    size_t len;
    int width; /* columns on a terminal, then the width of its column */
};
struct row {
    size_t first, n; /* cells, the one after the last tab included */
};
struct table {
    struct cell *cells;
    struct row *rows;
    size_t ncells, nrows;
};

/* One column a code point, as Go counts. */
static int text_width(const char *s, size_t len)
{
    int width = 0;

    for (size_t i = 0; i < len; i++)
        width += (s[i] & 0xc0) != 0x80;
    return width;
}

static void split(const char *text, size_t len, struct table *t)
{
    size_t rows = 0, cells = 1;

    for (size_t i = 0; i < len; i++) {
        rows += text[i] == '\n';
        cells += text[i] == '\t' || text[i] == '\n';
    }
    t->cells = xcalloc(cells, sizeof(*t->cells));
    t->rows = xcalloc(rows + 1, sizeof(*t->rows));
    for (const char *p = text, *end = text + len; p < end;) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        struct row *row = &t->rows[t->nrows++];
        eol = eol ? eol : end;
        row->first = t->ncells;
        for (bool more = true; more; row->n++) {
            const char *tab = memchr(p, '\t', (size_t)(eol - p));
            struct cell *c = &t->cells[t->ncells++];
            more = tab != NULL;
            c->s = p;
            c->len = (size_t)((tab ? tab : eol) - p);
            c->width = text_width(p, c->len);
            p += c->len + more;
        }
        p = eol + 1;
    }
}

/* Gives the cells of column @col their final width, block by block. */
static void widen(struct table *t, size_t col)
{
    for (size_t i = 0; i < t->nrows;) {
        size_t end = i;
        int width = MIN_WIDTH;
        for (; end < t->nrows && t->rows[end].n > col + 1; end++)
            width = MAX(width, t->cells[t->rows[end].first + col].width + PADDING);
        for (size_t k = i; k < end; k++)
            t->cells[t->rows[k].first + col].width -= width; /* minus the blanks to add */
        i = end + 1;
    }
}

void texttable_align(const char *text, size_t len, struct buf *out)
{
    struct table t = { 0 };
    size_t cols = 0;

    split(text, len, &t);
    for (size_t i = 0; i < t.nrows; i++)
        cols = MAX(cols, t.rows[i].n);
    for (size_t col = 0; col + 1 < cols; col++)
        widen(&t, col);
    for (size_t i = 0; i < t.nrows; i++) {
        for (size_t k = 0; k < t.rows[i].n; k++) {
            const struct cell *c = &t.cells[t.rows[i].first + k];
            buf_put(out, c->s, c->len);
            for (int w = c->width; k + 1 < t.rows[i].n && w < 0; w++)
                buf_putc(out, ' ');
        }
        buf_putc(out, '\n');
    }
    free(t.cells);
    free(t.rows);
}
