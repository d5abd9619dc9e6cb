/* What holds a pod's namespaces while its containers come and go: waits, and reaps what is left to it. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int signal) { (void)signal; _exit(0); }

int main(void) {
  signal(SIGTERM, leave);
  signal(SIGINT, leave);
  for (;;) {
    /* Fails while there is nothing to reap. */
    if (wait(0) < 0) pause();
  }
}
