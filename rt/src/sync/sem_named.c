/* SPDX-License-Identifier: MIT
 *
 * Named semaphores, of one program: a list.  One that is unlinked has no name any more and
 * goes with its last close.
 */
#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <hartleaf/sync.h>

#define NAME_LENGTH 255

struct named {
	sem_t sem; /* first: its address is the other's */
	struct named *next;
	unsigned opened;
	char name[]; /* "": unlinked */
};

static struct hl_mutex lock;
static struct named *all;

static struct named *find(const char *name)
{
	struct named *n = all;

	while (n && strcmp(n->name, name) != 0)
		n = n->next;
	return n;
}

/* One that is neither open nor named goes. */
static void drop(struct named *n)
{
	struct named **at = &all;

	if (n->opened || n->name[0])
		return;
	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	free(n);
}

static int check_name(const char *name)
{
	if (!name[name[0] == '/'] || strchr(name + 1, '/'))
		return EINVAL;
	return strlen(name) > NAME_LENGTH ? ENAMETOOLONG : 0;
}

static int make(const char *name, unsigned value, struct named **made)
{
	struct named *n;

	if (value > SEM_VALUE_MAX)
		return EINVAL;
	n = calloc(1, sizeof(*n) + strlen(name) + 1);
	if (!n)
		return ENOMEM;
	strcpy(n->name, name);
	n->sem = (sem_t)HL_SEM_INIT(value);
	n->next = all;
	all = n;
	*made = n;
	return 0;
}

sem_t *sem_open(const char *name, int flags, ...)
{
	struct named *n;
	unsigned value = 0;
	int error = check_name(name);
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		(void)va_arg(args, int); /* mode: there is nobody to keep out */
		value = va_arg(args, unsigned);
		va_end(args);
	}
	hl_mutex_lock(&lock);
	n = error ? NULL : find(name);
	if (n && (flags & O_CREAT) && (flags & O_EXCL))
		error = EEXIST;
	else if (!n && !error)
		error = flags & O_CREAT ? make(name, value, &n) : ENOENT;
	if (!error)
		n->opened++;
	hl_mutex_unlock(&lock);
	if (!error)
		return &n->sem;
	errno = error;
	return SEM_FAILED;
}

int sem_close(sem_t *s)
{
	struct named *n;

	hl_mutex_lock(&lock);
	for (n = all; n && (&n->sem != s || !n->opened);)
		n = n->next;
	if (n) {
		n->opened--;
		drop(n);
	}
	hl_mutex_unlock(&lock);
	if (n)
		return 0;
	errno = EINVAL;
	return -1;
}

int sem_unlink(const char *name)
{
	struct named *n;

	hl_mutex_lock(&lock);
	n = name[0] ? find(name) : NULL;
	if (n) {
		n->name[0] = 0;
		drop(n);
	}
	hl_mutex_unlock(&lock);
	if (n)
		return 0;
	errno = strlen(name) > NAME_LENGTH ? ENAMETOOLONG : ENOENT;
	return -1;
}
