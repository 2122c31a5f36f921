#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "CLinux.h"

typedef struct {
  void (*body)(void *);
  void *argument;
  // As long as the kernel's names are (prctl(2), PR_SET_NAME).
  char name[16];
} thread_start;

static void *run(void *pointer) {
  thread_start start = *(thread_start *)pointer;
  free(pointer);
  pthread_setname_np(pthread_self(), start.name);
  start.body(start.argument);
  return NULL;
}

int clinux_start_thread(const char *name, void (*body)(void *), void *argument) {
  thread_start *start = malloc(sizeof *start);
  if (start == NULL) return ENOMEM;
  start->body = body;
  start->argument = argument;
  snprintf(start->name, sizeof start->name, "%s", name);
  pthread_t thread;
  int error = pthread_create(&thread, NULL, run, start);
  if (error != 0) {
    free(start);
    return error;
  }
  pthread_detach(thread);
  return 0;
}

struct clinux_monitor {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
};

clinux_monitor *clinux_monitor_make(void) {
  clinux_monitor *monitor = malloc(sizeof *monitor);
  if (monitor == NULL) abort();
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  // Setting the clock must not make a thread wait for hours.
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init(&monitor->mutex, NULL);
  pthread_cond_init(&monitor->condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return monitor;
}

void clinux_monitor_free(clinux_monitor *monitor) {
  pthread_cond_destroy(&monitor->condition);
  pthread_mutex_destroy(&monitor->mutex);
  free(monitor);
}

void clinux_monitor_lock(clinux_monitor *monitor) { pthread_mutex_lock(&monitor->mutex); }

void clinux_monitor_unlock(clinux_monitor *monitor) { pthread_mutex_unlock(&monitor->mutex); }

int clinux_monitor_wait(clinux_monitor *monitor, int64_t milliseconds) {
  if (milliseconds < 0) return pthread_cond_wait(&monitor->condition, &monitor->mutex);
  struct timespec deadline;
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  deadline.tv_sec += milliseconds / 1000;
  deadline.tv_nsec += milliseconds % 1000 * 1000000;
  if (deadline.tv_nsec >= 1000000000) {
    deadline.tv_sec += 1;
    deadline.tv_nsec -= 1000000000;
  }
  return pthread_cond_timedwait(&monitor->condition, &monitor->mutex, &deadline);
}

void clinux_monitor_wake_one(clinux_monitor *monitor) { pthread_cond_signal(&monitor->condition); }

void clinux_monitor_wake_all(clinux_monitor *monitor) { pthread_cond_broadcast(&monitor->condition); }
