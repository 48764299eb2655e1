// The least that a broker of MDP/0.1 (RFC 7) can do, as a yardstick: one service, one worker at a time, requests in the order in which they came.
// No heartbeats are checked, nothing is handed out again, nothing is bounded.
//
//   plain-broker ENDPOINT

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define FRAMES_MAX 16

typedef struct {
    zmq_msg_t frames[FRAMES_MAX];
    int count;
} message;

typedef struct request {
    zmq_msg_t client, service, body;
    struct request *next;
} request;

static void *router;

static void die(const char *what) {
    fprintf(stderr, "plain-broker: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static void receive(message *it) {
    it->count = 0;
    do {
        if (it->count == FRAMES_MAX) exit(1);
        zmq_msg_t *frame = &it->frames[it->count++];
        zmq_msg_init(frame);
        if (zmq_msg_recv(frame, router, 0) < 0) die("receive");
    } while (zmq_msg_more(&it->frames[it->count - 1]));
}

static void say(const void *bytes, size_t length, int more) {
    if (zmq_send(router, bytes, length, more ? ZMQ_SNDMORE : 0) < 0) die("send");
}

static void pass(zmq_msg_t *frame, int more) {
    if (zmq_msg_send(frame, router, more ? ZMQ_SNDMORE : 0) < 0) die("send");
}

static int is(zmq_msg_t *frame, const char *bytes, size_t length) {
    return zmq_msg_size(frame) == length && memcmp(zmq_msg_data(frame), bytes, length) == 0;
}

/* The client frame of a request is the routing id of the client. */
static void hand_out(zmq_msg_t *worker, request *it) {
    zmq_msg_t route;
    zmq_msg_init(&route);
    zmq_msg_copy(&route, worker);
    pass(&route, 1);
    say("", 0, 1);
    say("MDPW01", 6, 1);
    say("\2", 1, 1);
    pass(&it->client, 1);
    say("", 0, 1);
    pass(&it->body, 0);
    zmq_msg_close(&it->service);
    free(it);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    router = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
    if (zmq_bind(router, argv[1]) < 0) die("bind");
    request *first = NULL, **last = &first;
    zmq_msg_t idle;
    int has_idle = 0;
    char service[256];
    size_t service_length = 0;
    for (;;) {
        message it;
        receive(&it);
        zmq_msg_t *frames = it.frames;
        int kept = 0;
        if (it.count == 5 && is(&frames[2], "MDPC01", 6)) {
            request *asked = calloc(1, sizeof *asked);
            asked->client = frames[0], asked->service = frames[3], asked->body = frames[4];
            zmq_msg_close(&frames[1]), zmq_msg_close(&frames[2]);
            kept = 1;
            service_length = zmq_msg_size(&asked->service);
            if (service_length > sizeof service) return 1;
            memcpy(service, zmq_msg_data(&asked->service), service_length);
            if (has_idle) {
                hand_out(&idle, asked);
                zmq_msg_close(&idle);
                has_idle = 0;
            } else *last = asked, last = &asked->next;
        } else if (it.count == 7 && is(&frames[3], "\3", 1)) {
            request *next = first;
            if (next != NULL) {
                first = next->next;
                if (first == NULL) last = &first;
                hand_out(&frames[0], next);
            } else zmq_msg_init(&idle), zmq_msg_copy(&idle, &frames[0]), has_idle = 1;
            pass(&frames[4], 1);
            say("", 0, 1);
            say("MDPC01", 6, 1);
            say(service, service_length, 1);
            pass(&frames[6], 0);
        } else if (it.count == 5 && is(&frames[3], "\1", 1)) {
            zmq_msg_init(&idle), zmq_msg_copy(&idle, &frames[0]), has_idle = 1;
        }
        for (int i = 0; !kept && i < it.count; i++) zmq_msg_close(&frames[i]);
    }
}
