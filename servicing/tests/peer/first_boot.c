/* Stands in for the programs that the first-boot script calls: wusa, dism,
 * pkgmgr, a hotfix program, and sc. It writes its command line to
 * C:\stand-in\calls.txt. The exit code of an installer is the first line of
 * C:\stand-in\<file>.codes, which is taken out; without one it is 0. sc keeps
 * the one service there is as the file C:\stand-in\service.txt.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static const char root[] = "C:\\stand-in";

static void in_root(char *path, const char *name)
{
    snprintf(path, 2 * MAX_PATH, "%s\\%s", root, name);
}

static int service(const char *line)
{
    char path[2 * MAX_PATH];
    FILE *file;
    in_root(path, "service.txt");
    if (strstr(line, " create ")) {
        file = fopen(path, "wb");
        if (!file) return 5;
        fputs(line, file);
        fclose(file);
        return 0;
    }
    if (GetFileAttributesA(path) == INVALID_FILE_ATTRIBUTES) return 1060;
    if (strstr(line, " delete ")) DeleteFileA(path);
    return 0;
}

static int installer(const char *line)
{
    const char *name = strstr(line, "\\wimwright\\");
    char codes[2 * MAX_PATH], file_name[64], rest[4096];
    size_t len;
    int code = 0;
    FILE *file;
    if (!name) return 87;
    name += strlen("\\wimwright\\");
    len = strcspn(name, "\" ");
    if (len > 40) return 87;
    memcpy(file_name, name, len);
    strcpy(file_name + len, ".codes");
    in_root(codes, file_name);
    file = fopen(codes, "rb");
    if (!file) return 0;
    if (fscanf(file, "%d\n", &code) != 1) code = 0;
    len = fread(rest, 1, sizeof rest, file);
    fclose(file);
    file = fopen(codes, "wb");
    fwrite(rest, 1, len, file);
    fclose(file);
    return code;
}

int main(void)
{
    const char *line = GetCommandLineA();
    char path[2 * MAX_PATH], self[MAX_PATH];
    FILE *file;
    GetModuleFileNameA(NULL, self, sizeof self);
    in_root(path, "calls.txt");
    file = fopen(path, "ab");
    if (file) {
        fprintf(file, "%s\r\n", line);
        fclose(file);
    }
    return strstr(self, "sc.exe") ? service(line) : installer(line);
}
