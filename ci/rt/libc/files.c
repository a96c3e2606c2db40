/* SPDX-License-Identifier: MIT
 *
 * Files of the archive by descriptor and by stream, what is refused, and that whole calls
 * on one stream by several executors don't mix.  Booted with text.txt, also as
 * folder/deep/copy.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hartleaf/exec.h>
#include <hartleaf/space.h>

#include "../check.h"

#define TEXT                 "one\ntwo 2 0.5\nthree\n"
#define REFUSED(call, error) (errno = 0, (call) == -1 && errno == (error))

static void descriptors(void)
{
	char text[100];
	struct stat st;
	int fd = open("/text.txt", O_RDONLY), second, third;

	CHECK(fd >= 3);
	CHECK(read(fd, text, 4) == 4 && memcmp(text, "one\n", 4) == 0);
	CHECK(lseek(fd, 0, SEEK_CUR) == 4 && lseek(fd, -6, SEEK_END) == (off_t)strlen(TEXT) - 6);
	CHECK(read(fd, text, 100) == 6 && memcmp(text, "three\n", 6) == 0);
	CHECK(read(fd, text, 100) == 0);
	CHECK(pread(fd, text, 3, 4) == 3 && memcmp(text, "two", 3) == 0);
	CHECK(lseek(fd, 1000, SEEK_SET) == 1000 && read(fd, text, 1) == 0);
	CHECK(REFUSED(lseek(fd, -1, SEEK_SET), EINVAL) && REFUSED(lseek(fd, 0, 9), EINVAL));
	CHECK(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == (off_t)strlen(TEXT));
	/* one offset for both */
	second = dup(fd);
	CHECK(second > fd && lseek(second, 4, SEEK_SET) == 4 && lseek(fd, 0, SEEK_CUR) == 4);
	CHECK(close(fd) == 0 && REFUSED(close(fd), EBADF) && REFUSED(read(fd, text, 1), EBADF));
	CHECK(read(second, text, 3) == 3 && memcmp(text, "two", 3) == 0);
	third = dup2(second, 20);
	CHECK(third == 20 && read(20, text, 2) == 2 && memcmp(text, " 2", 2) == 0);
	CHECK(REFUSED(write(second, "x", 1), EBADF) && REFUSED(dup2(second, 1000), EBADF));
	CHECK(close(second) == 0 && close(third) == 0);
	for (int i = 0; i < 200; i++) { /* none leaks */
		fd = open("text.txt", O_RDONLY);
		CHECK(fd >= 0 && close(fd) == 0);
	}
	for (fd = 0; open("text.txt", O_RDONLY) >= 0; fd++)
		;
	CHECK(errno == EMFILE && fd == 61);
	for (fd = 3; fd < 64; fd++)
		CHECK(close(fd) == 0);
}

static void names(void)
{
	struct stat st;

	CHECK(stat("./folder//deep/../deep/copy", &st) == 0 && S_ISREG(st.st_mode));
	CHECK(stat("/folder/deep", &st) == 0 && S_ISDIR(st.st_mode));
	CHECK(stat("/", &st) == 0 && S_ISDIR(st.st_mode));
	CHECK(stat("program", &st) == 0 && st.st_size > 1000);
	CHECK(access("text.txt", R_OK) == 0 && REFUSED(access("text.txt", W_OK), EROFS));
	CHECK(REFUSED(stat("text", &st), ENOENT) && REFUSED(stat("", &st), ENOENT));
	CHECK(REFUSED(stat("text.txt/x", &st), ENOTDIR) &&
	      REFUSED(stat("text.txt/", &st), ENOTDIR));
	CHECK(REFUSED(open("nothing", O_RDONLY), ENOENT));
	CHECK(REFUSED(open("new", O_RDWR | O_CREAT, 0666), EROFS));
	CHECK(REFUSED(open("text.txt", O_WRONLY), EROFS));
	CHECK(REFUSED(open("text.txt", O_RDONLY | O_CREAT | O_EXCL, 0666), EEXIST));
	CHECK(REFUSED(open("folder", O_RDWR), EISDIR));
	CHECK(REFUSED(unlink("text.txt"), EROFS) && REFUSED(unlink("nothing"), ENOENT));
	CHECK(REFUSED(rename("text.txt", "b"), EROFS) && remove("text.txt") == -1);
	CHECK(isatty(1) == 1 && isatty(0) == 1 && isatty(30) == 0 && errno == EBADF);
	CHECK(REFUSED(lseek(1, 0, SEEK_SET), ESPIPE) && REFUSED(write(40, "x", 1), EBADF));
	CHECK(fstat(1, &st) == 0 && S_ISCHR(st.st_mode));
	CHECK(fileno(stdout) == 1 && write(1, "written\n", 8) == 8);
}

static void directories(void)
{
	struct dirent *d;
	DIR *dir = opendir("/");
	int files = 0, folders = 0;

	CHECK(dir);
	for (int round = 0; round < 2; round++) {
		files = folders = 0;
		while ((d = readdir(dir))) {
			files += d->d_type == DT_REG;
			folders += d->d_type == DT_DIR && strcmp(d->d_name, "folder") == 0;
		}
		CHECK(files == 2 && folders == 1);
		rewinddir(dir);
	}
	CHECK(closedir(dir) == 0);
	dir = opendir("folder/deep");
	d = dir ? readdir(dir) : NULL;
	CHECK(d && strcmp(d->d_name, "copy") == 0 && !readdir(dir) && closedir(dir) == 0);
	errno = 0;
	CHECK(!opendir("text.txt") && errno == ENOTDIR);
	errno = 0;
	CHECK(!opendir("none") && errno == ENOENT);
}

static void streams(void)
{
	char line[40], word[8];
	FILE *f = fopen("folder/deep/copy", "r");
	double real;
	int n;

	CHECK(f && fgets(line, sizeof(line), f) && strcmp(line, "one\n") == 0);
	CHECK(fscanf(f, "%7s %d %lf", word, &n, &real) == 3);
	CHECK(strcmp(word, "two") == 0 && n == 2 && real == 0.5);
	CHECK(fseek(f, -6, SEEK_END) == 0 && fread(line, 1, sizeof(line), f) == 6);
	CHECK(memcmp(line, "three\n", 6) == 0 && feof(f) && !ferror(f) && getc(f) == EOF);
	rewind(f);
	CHECK(getc(f) == 'o' && ungetc('x', f) == 'x' && getc(f) == 'x' && ftell(f) == 1);
	CHECK(setvbuf(f, NULL, _IONBF, 0) == 0 && getc(f) == 'n');
	flockfile(f);
	CHECK(ftrylockfile(f) == 0 && getc(f) == 'e');
	funlockfile(f);
	funlockfile(f);
	CHECK(fclose(f) == 0);
	errno = 0;
	CHECK(!fopen("text.txt", "w") && errno == EROFS);
	errno = 0;
	CHECK(!fopen("nothing", "r") && errno == ENOENT);
}

static FILE *shared;
static _Atomic int lines;

/* Every line read is a whole one; the ends meet. */
static long reader(void *arg)
{
	char line[40];

	(void)arg;
	for (int i = 0; i < 300; i++) {
		flockfile(shared);
		rewind(shared);
		CHECK(fgets(line, sizeof(line), shared) && strcmp(line, "one\n") == 0);
		sys_yield();
		CHECK(fgets(line, sizeof(line), shared) && strcmp(line, "two 2 0.5\n") == 0);
		funlockfile(shared);
		if (!fgets(line, sizeof(line), shared))
			continue;
		CHECK(strcmp(line, "three\n") == 0 || strcmp(line, "two 2 0.5\n") == 0 ||
		      strcmp(line, "one\n") == 0);
		lines++;
	}
	return 0;
}

static void crowd(void)
{
	struct hl_exec *e[3];

	shared = fopen("text.txt", "r");
	CHECK(shared);
	for (int i = 0; i < 3; i++)
		CHECK(hl_exec_spawn(&e[i], reader, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(hl_exec_join(e[i], NULL) == 0);
	CHECK(lines > 0 && fclose(shared) == 0);
}

static long child(void *arg)
{
	(void)arg;
	return open("text.txt", O_RDONLY) == -1 && errno == ENOENT && isatty(1) ? 0 : 3;
}

int main(void)
{
	struct hl_space *s;
	struct hl_end end;

	descriptors();
	names();
	directories();
	streams();
	crowd();
	/* the program is found in the archive for a child, too, who has no files */
	CHECK(hl_space_create(&s, NULL) == 0 && hl_space_start(s, child, NULL) == 0);
	CHECK(hl_space_wait(s, &end) == 0 && end.how == TELL_ENDED && end.code == 0);
	hl_space_destroy(s);
	return 0;
}
