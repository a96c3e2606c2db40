/* SPDX-License-Identifier: MIT
 *
 * Semaphores of POSIX.  Named ones are known within the program only.
 */
#ifndef _SEMAPHORE_H
#define _SEMAPHORE_H

#include <fcntl.h>
#include <sys/types.h>
#include <time.h>

#include <hartleaf/sync_types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hl_sem sem_t;

#define SEM_FAILED ((sem_t *)0)
#ifndef SEM_VALUE_MAX
#define SEM_VALUE_MAX 0x7fffffff
#endif

int sem_init(sem_t *s, int pshared, unsigned value);
int sem_destroy(sem_t *s);
int sem_wait(sem_t *s);
int sem_trywait(sem_t *s);
int sem_timedwait(sem_t *__restrict s, const struct timespec *__restrict abstime);
int sem_clockwait(sem_t *__restrict s, clockid_t clock, const struct timespec *__restrict abstime);
int sem_post(sem_t *s);
int sem_getvalue(sem_t *__restrict s, int *__restrict value);

sem_t *sem_open(const char *name, int flags, ...);
int sem_close(sem_t *s);
int sem_unlink(const char *name);

#ifdef __cplusplus
}
#endif

#endif
