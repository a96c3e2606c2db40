/* SPDX-License-Identifier: MIT
 *
 * Directories of the archive that the program was booted with; rt/doc/libc.md.
 */
#ifndef RT_DIRENT_H
#define RT_DIRENT_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DT_UNKNOWN 0
#define DT_DIR     4
#define DT_REG     8

struct dirent {
	ino_t d_ino;
	unsigned char d_type;
	char d_name[256];
};

typedef struct __rt_dir DIR;

DIR *opendir(const char *path);
struct dirent *readdir(DIR *dir); /* one directory is read by one thread at a time */
void rewinddir(DIR *dir);
int closedir(DIR *dir);

#ifdef __cplusplus
}
#endif

#endif
