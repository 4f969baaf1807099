/*
 * What setupapi sees in INF files, for comparison with this crate.
 *
 *   infdump dump LIST OUT   every section, line and field of each file
 *   infdump time LIST OUT   the time SetupOpenInfFileW takes for all files:
 *                           the sum of each file's best of seven
 *
 * LIST holds one Windows path per line, in UTF-8. OUT is UTF-8 text, one item
 * per line, first character first: F file, E error code and line (after which
 * a file without a signature is dumped as an old-style one), S section
 * with its line count and name, L line with its field count, K key, V field;
 * or T with the number of files opened and the nanoseconds it took. In texts,
 * a backslash, line feed and carriage return are \\, \n and \r.
 *
 * Built with: x86_64-w64-mingw32-gcc -municode -O2 infdump.c -lsetupapi
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <setupapi.h>

/* Not in mingw's headers, but exported by Windows and by Wine. */
typedef BOOL(WINAPI *enum_sections_t)(HINF, UINT, PWSTR, DWORD, UINT *);

static FILE *out;

static void put_text(const WCHAR *text)
{
    static char utf8[4 * 70000];
    int len = WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof(utf8), NULL, NULL);
    for (int i = 0; i + 1 < len; i++) {
        switch (utf8[i]) {
        case '\\': fputs("\\\\", out); break;
        case '\n': fputs("\\n", out); break;
        case '\r': fputs("\\r", out); break;
        default: fputc(utf8[i], out);
        }
    }
    fputc('\n', out);
}

static void put_field(INFCONTEXT *line, DWORD index, const char *item)
{
    static WCHAR text[70000];
    if (SetupGetStringFieldW(line, index, text, 70000, NULL)) {
        fputs(item, out);
        put_text(text);
    }
}

static void dump(HINF inf, enum_sections_t enum_sections)
{
    static WCHAR name[1024];
    for (UINT at = 0; enum_sections(inf, at, name, 1024, NULL); at++) {
        LONG lines = SetupGetLineCountW(inf, name);
        fprintf(out, "S%ld ", (long)lines);
        put_text(name);
        INFCONTEXT line;
        /* By index and by iteration: both must give the same lines. */
        if (lines > 0 && !SetupFindFirstLineW(inf, name, NULL, &line))
            fputs("E0 0\n", out);
        for (LONG number = 0; number < lines; number++) {
            if (number > 0 && !SetupFindNextLine(&line, &line))
                fputs("E0 0\n", out);
            INFCONTEXT same;
            DWORD fields = SetupGetFieldCount(&line);
            if (!SetupGetLineByIndexW(inf, name, number, &same) || SetupGetFieldCount(&same) != fields)
                fputs("E0 0\n", out);
            fprintf(out, "L%lu\n", (unsigned long)fields);
            put_field(&line, 0, "K");
            for (DWORD field = 1; field <= fields; field++)
                put_field(&line, field, "V");
        }
    }
}

int wmain(int argc, WCHAR **argv)
{
    if (argc != 4)
        return 2;
    BOOL timing = !lstrcmpW(argv[1], L"time");
    FILE *list = _wfopen(argv[2], L"rb");
    out = _wfopen(argv[3], L"wb");
    if (!list || !out)
        return 2;
    enum_sections_t enum_sections = (enum_sections_t)(void *)GetProcAddress(
        GetModuleHandleW(L"setupapi.dll"), "SetupEnumInfSectionsW");
    if (!enum_sections)
        return 3;

    static char line[8192];
    static WCHAR path[8192];
    LARGE_INTEGER frequency, start, end;
    LONGLONG ticks = 0;
    long opened = 0;
    QueryPerformanceFrequency(&frequency);
    while (fgets(line, sizeof(line), list)) {
        line[strcspn(line, "\r\n")] = 0;
        MultiByteToWideChar(CP_UTF8, 0, line, -1, path, 8192);
        UINT error_line = 0;
        LONGLONG best = 0;
        HINF inf = INVALID_HANDLE_VALUE;
        DWORD error = 0;
        for (int round = 0; round < (timing ? 7 : 1); round++) {
            if (inf != INVALID_HANDLE_VALUE)
                SetupCloseInfFile(inf);
            QueryPerformanceCounter(&start);
            inf = SetupOpenInfFileW(path, NULL, INF_STYLE_WIN4, &error_line);
            QueryPerformanceCounter(&end);
            error = inf == INVALID_HANDLE_VALUE ? GetLastError() : 0;
            if (round == 0 || end.QuadPart - start.QuadPart < best)
                best = end.QuadPart - start.QuadPart;
        }
        ticks += best;
        opened += !error;
        if (!timing) {
            fputs("F", out);
            put_text(path);
            if (error)
                fprintf(out, "E%lu %u\n", (unsigned long)error, error_line);
            if (error == ERROR_WRONG_INF_STYLE) {
                inf = SetupOpenInfFileW(path, NULL, INF_STYLE_OLDNT, &error_line);
                error = inf == INVALID_HANDLE_VALUE;
            }
            if (!error)
                dump(inf, enum_sections);
        }
        if (!error)
            SetupCloseInfFile(inf);
    }
    if (timing)
        fprintf(out, "T%ld %.0f\n", opened, ticks * 1e9 / frequency.QuadPart);
    fclose(list);
    return fclose(out) ? 4 : 0;
}
