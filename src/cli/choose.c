/* A question with a list of answers, on a terminal. */
#include <termios.h>

#include "cli/choose.h"

#include "base/banned.h"

enum key { KEY_OTHER, KEY_UP, KEY_DOWN, KEY_ENTER, KEY_CANCEL };

static enum key read_key(void)
{
    char c[3];
    ssize_t n = read(STDIN_FILENO, c, 1);

    if (n <= 0 || c[0] == 3 || c[0] == 4) /* ^C, ^D */
        return KEY_CANCEL;
    if (c[0] == '\r' || c[0] == '\n')
        return KEY_ENTER;
    if (c[0] == 'k' || c[0] == 16) /* ^P */
        return KEY_UP;
    if (c[0] == 'j' || c[0] == 14) /* ^N */
        return KEY_DOWN;
    if (c[0] != '\033' || read(STDIN_FILENO, c, 1) != 1 || read(STDIN_FILENO, c + 1, 1) != 1)
        return KEY_OTHER;
    return c[1] == 'A' ? KEY_UP : c[1] == 'B' ? KEY_DOWN : KEY_OTHER;
}

/* The cursor ends below the list; the next drawing begins on its first line again. */
static void draw(const char *question, char *const *items, int n, int at, bool again)
{
    if (again)
        printf("\033[%dA", n + 1);
    printf("\r\033[K? %s: \r\n", question);
    for (int i = 0; i < n; i++)
        printf("\033[K%s %s\r\n", i == at ? "  \xe2\x96\xb8" : "   ", items[i]);
    fflush(stdout);
}

static void erase(int n)
{
    printf("\033[%dA\033[J", n + 1);
    fflush(stdout);
}

int cli_choose(const char *question, char *const *items)
{
    struct termios old, raw;
    int n = 0, at = 0;
    enum key k = KEY_OTHER;

    while (items[n])
        n++;
    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &old) < 0)
        return -ENOTTY;
    raw = old;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    for (bool again = false; k != KEY_ENTER && k != KEY_CANCEL; again = true) {
        draw(question, items, n, at, again);
        k = read_key();
        at = (at + (k == KEY_DOWN) - (k == KEY_UP) + n) % n;
    }
    erase(n);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    if (k == KEY_CANCEL)
        return -ECANCELED;
    printf("\xe2\x9c\x94 %s\n", items[at]);
    return at;
}
