// A client and a worker of MDP/0.1, written from RFC 7 alone, that do as little as they can: what is measured is the broker between them.
//
//   peers worker ENDPOINT SERVICE                                     echoes until it is killed
//   peers client ENDPOINT SERVICE IN_FLIGHT BYTES WARM_UP_S SECONDS   prints one line of JSON and ends

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define HEARTBEAT_MS 2500
#define PATIENCE_MS 10000
#define LATENCIES_MAX 10000000

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void die(const char *what) {
    fprintf(stderr, "peers: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static void send_frame(void *socket, const void *bytes, size_t length, int more) {
    if (zmq_send(socket, bytes, length, more ? ZMQ_SNDMORE : 0) < 0) die("send");
}

/* The next frame of a message that must have one more. */
static void take(void *socket, zmq_msg_t *frame) {
    if (zmq_msg_recv(frame, socket, 0) < 0) die("receive");
}

static int is(zmq_msg_t *frame, const char *bytes, size_t length) {
    return zmq_msg_size(frame) == length && memcmp(zmq_msg_data(frame), bytes, length) == 0;
}

static void expect(zmq_msg_t *frame, const char *bytes, size_t length) {
    if (!is(frame, bytes, length)) {
        fprintf(stderr, "peers: the broker did not say what RFC 7 says\n");
        exit(1);
    }
}

static void *open_socket(const char *endpoint) {
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_DEALER);
    int none = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    if (zmq_connect(socket, endpoint) < 0) die("connect");
    return socket;
}

static void to_broker(void *socket, char verb, int more) {
    send_frame(socket, "", 0, 1);
    send_frame(socket, "MDPW01", 6, 1);
    send_frame(socket, &verb, 1, more);
}

static int worker(const char *endpoint, const char *service) {
    void *socket = open_socket(endpoint);
    to_broker(socket, 1, 1);
    send_frame(socket, service, strlen(service), 0);
    double beat_at = now_us() + HEARTBEAT_MS * 1e3;
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    for (;;) {
        double left = (beat_at - now_us()) / 1e3;
        zmq_poll(&item, 1, left > 0 ? (long)left + 1 : 0);
        if (now_us() >= beat_at) {
            to_broker(socket, 4, 0);
            beat_at = now_us() + HEARTBEAT_MS * 1e3;
        }
        if (!(item.revents & ZMQ_POLLIN)) continue;
        take(socket, &frame), expect(&frame, "", 0);
        take(socket, &frame), expect(&frame, "MDPW01", 6);
        take(socket, &frame);
        if (is(&frame, "\4", 1)) continue;
        if (is(&frame, "\5", 1)) return 0;
        expect(&frame, "\2", 1);
        to_broker(socket, 3, 1);
        /* The client, the empty frame and the body go back as they came. */
        while (zmq_msg_more(&frame)) {
            take(socket, &frame);
            zmq_msg_t copy;
            zmq_msg_init(&copy);
            zmq_msg_copy(&copy, &frame);
            if (zmq_msg_send(&copy, socket, zmq_msg_more(&frame) ? ZMQ_SNDMORE : 0) < 0) die("send");
        }
    }
}

static int by_size(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static int client(const char *endpoint, const char *service, int in_flight, size_t bytes, double warm_up, double seconds) {
    void *socket = open_socket(endpoint);
    int patience = PATIENCE_MS;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    if (bytes < sizeof(double)) bytes = sizeof(double);
    char *body = calloc(1, bytes);
    float *latencies = malloc(LATENCIES_MAX * sizeof(float));
    size_t count = 0;
    int free_places = in_flight;
    double begin = now_us() + warm_up * 1e6, end = begin + seconds * 1e6, now = 0;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    while ((now = now_us()) < end) {
        for (; free_places > 0; free_places--) {
            /* The body says when it was sent. */
            double sent = now_us();
            memcpy(body, &sent, sizeof sent);
            send_frame(socket, "", 0, 1);
            send_frame(socket, "MDPC01", 6, 1);
            send_frame(socket, service, strlen(service), 1);
            send_frame(socket, body, bytes, 0);
        }
        take(socket, &frame), expect(&frame, "", 0);
        take(socket, &frame), expect(&frame, "MDPC01", 6);
        take(socket, &frame), expect(&frame, service, strlen(service));
        take(socket, &frame);
        if (zmq_msg_size(&frame) != bytes || zmq_msg_more(&frame)) {
            fprintf(stderr, "peers: that is no echo\n");
            return 1;
        }
        free_places++;
        double sent;
        memcpy(&sent, zmq_msg_data(&frame), sizeof sent);
        now = now_us();
        if (now >= begin && count < LATENCIES_MAX) latencies[count++] = (float)(now - sent);
    }
    if (count == 0) return 1;
    qsort(latencies, count, sizeof(float), by_size);
    printf("{\"perSecond\":%.1f,\"p50\":%.1f,\"p99\":%.1f}\n", count / seconds, latencies[count / 2], latencies[count * 99 / 100]);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "worker") == 0) return worker(argv[2], argv[3]);
    if (argc == 8 && strcmp(argv[1], "client") == 0)
        return client(argv[2], argv[3], atoi(argv[4]), (size_t)atoi(argv[5]), atof(argv[6]), atof(argv[7]));
    fprintf(stderr, "usage: peers worker ENDPOINT SERVICE | peers client ENDPOINT SERVICE IN_FLIGHT BYTES WARM_UP_S SECONDS\n");
    return 2;
}
