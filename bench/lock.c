/* SPDX-License-Identifier: MIT
 *
 * A mutex that nobody else wants, and two threads that hand each other the turn: by
 * condition variables, or by semaphores.
 */
#include <pthread.h>
#include <semaphore.h>

#include "bench.h"
#include "clock.h"
#include "samples.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static sem_t given[2];
static int turn; /* whose it is */

void mutex_uncontended(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = clock_empty(plan->ops);

	while (samples_wanted(samples, plan->windows))
		samples_add(samples,
			    CLOCK_WINDOW(plan->ops,
					 {
						 pthread_mutex_lock(&lock);
						 pthread_mutex_unlock(&lock);
					 }) -
				    empty,
			    plan->ops);
}

/* Gives the turn away and waits for its return. */
static inline void pass(int me)
{
	pthread_mutex_lock(&lock);
	turn = !me;
	pthread_cond_signal(&changed[!me]);
	while (turn != me)
		pthread_cond_wait(&changed[me], &lock);
	pthread_mutex_unlock(&lock);
}

static void *cond_partner(void *arg)
{
	unsigned long turns = *(const unsigned long *)arg;

	pthread_mutex_lock(&lock);
	while (turn != 1)
		pthread_cond_wait(&changed[1], &lock);
	pthread_mutex_unlock(&lock);
	while (--turns)
		pass(1);
	pthread_mutex_lock(&lock);
	turn = 0;
	pthread_cond_signal(&changed[0]);
	pthread_mutex_unlock(&lock);
	return arg;
}

static void *sem_partner(void *arg)
{
	for (unsigned long turns = *(const unsigned long *)arg; turns; turns--) {
		sem_wait(&given[1]);
		sem_post(&given[0]);
	}
	return arg;
}

/* One turn more than the windows have, so that the partner's end is in none. */
static pthread_t start(void *(*play)(void *), const struct plan *plan, unsigned long *turns)
{
	pthread_t partner;

	*turns = (plan->windows + 1) * plan->ops + 1;
	if (pthread_create(&partner, NULL, play, turns))
		bench_fail("no partner");
	return partner;
}

static void end(pthread_t partner, unsigned long *turns)
{
	void *result = NULL;

	if (pthread_join(partner, &result) || result != turns)
		bench_fail("the two did not take turns");
}

void cond_pingpong(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = clock_empty_pair(plan->ops);
	unsigned long turns;
	pthread_t partner;

	turn = 0;
	partner = start(cond_partner, plan, &turns);
	while (samples_wanted(samples, plan->windows))
		samples_add(samples, CLOCK_WINDOW(plan->ops, pass(0)) - empty, 2 * plan->ops);
	pass(0);
	end(partner, &turns);
}

void sem_pingpong(const struct plan *plan, struct samples *samples)
{
	const int64_t empty = clock_empty_pair(plan->ops);
	unsigned long turns;
	pthread_t partner;

	sem_init(&given[0], 0, 0);
	sem_init(&given[1], 0, 0);
	partner = start(sem_partner, plan, &turns);
	while (samples_wanted(samples, plan->windows))
		samples_add(samples,
			    CLOCK_WINDOW(plan->ops,
					 {
						 sem_post(&given[1]);
						 sem_wait(&given[0]);
					 }) -
				    empty,
			    2 * plan->ops);
	sem_post(&given[1]);
	sem_wait(&given[0]);
	end(partner, &turns);
}
