// What --help says beyond the flags: examples that work as they stand, exit codes, and where settings come from.

import { EXIT_CODES } from './exit-codes.js';

function exitCodeLines(): string {
  return Object.values(EXIT_CODES)
    .map(({ code, help }) => `  ${String(code).padStart(8)}  ${help}`)
    .join('\n');
}

const SIGNALS = '  130, 143  ended by SIGINT, by SIGTERM';

/** Below the help of `majordomo`. */
export function programHelp(): string {
  return `
Examples:
  majordomo demo                                   see a worker die and nothing get lost
  majordomo broker                                 a broker for this machine, on tcp://127.0.0.1:5555
  majordomo services                               what is offered there
  majordomo call orders.create '{"sku":"a"}'       ask a method
  majordomo submit orders.create '{"sku":"a"}'     hand it over for good; prints a ticket
  majordomo ticket result <ticket>                 fetch its outcome, now or tomorrow
  majordomo bench orders.create '{"sku":"a"}'      see how fast it answers under load

Results go to stdout, everything else to stderr. A setting comes from its flag, else from the environment
(MAJORDOMO_BROKER, MAJORDOMO_CONNECT_TIMEOUT and so on), else from the file of --config, else it has
its default. In the file, the names are those of createBroker(), and broker, timeout, connectTimeout.

Exit codes:
${exitCodeLines()}
${SIGNALS}
bench ends with that of the error that its calls were told most often.
`;
}

export const CALL_HELP = `
The value is printed as JSON: indented, or with --json on one line. What JSON has no form for is
printed as a text: bigints in digits, bytes in base64, dates in ISO 8601.

A worker of the plain Majordomo protocol (MDP) sends bytes that do not say what they are; --codec does.
With raw a text is a frame and a list of texts is several, and what comes is shown as text if it is UTF-8.

Examples:
  majordomo call orders.create '{"sku":"a"}'
  majordomo call orders.watch '"order-17"' --stream | head -5
  cat order.json | majordomo call orders.create - --timeout 2s --idempotency-key order-17
  majordomo call reports.build --wait --timeout 10m --header traceparent=00-…
  majordomo call coffee.call '"latte"' --codec raw
`;

export const SUBMIT_HELP = `
The ticket is printed when the request is on the broker's disk. From then on it is done, whatever
happens to this process, the worker or the broker, and its outcome is kept until it is collected or
expires. With --json the ticket is {"ticket": "…"}; with --wait the value follows on a line of its own.
--timeout is how long to wait for the ticket, and with --wait again for the outcome.

Examples:
  majordomo submit images.resize '{"file":"a.png"}' --idempotency-key a.png --expires 10m
  majordomo submit reports.build --run-at 2h --priority 2
  majordomo submit accounts.post '{"to":"7"}' --ordering-key account-7 --wait
  majordomo ticket result $(majordomo submit images.resize '{"file":"b.png"}') --timeout 1m
`;

export const TICKET_HELP = `
status says how it stands: delayed, queued, running, done, failed, cancelled, expired or dead. result
waits for the outcome, --timeout long, and prints it as call does, with its exit code; it may be asked
again. cancel ends it, down to the handler if one is at work.

A ticket is known to the broker that gave it out: name all brokers that it may be of with --broker.

Examples:
  majordomo ticket status 0c1d2e3f405162-4294967297
  majordomo ticket result 0c1d2e3f405162-4294967297 --timeout 10m
  majordomo ticket cancel 0c1d2e3f405162-4294967297 --json
`;

export const DEAD_LETTERS_HELP = `
A dead letter is a request that was given up: its workers were lost, or its handler asked for another
try, until no attempt was left. show prints one with its input and the history of every attempt;
replay hands it over anew, prints the new ticket and removes the letter; purge removes it.

Examples:
  majordomo dead-letters
  majordomo dead-letters show 0c1d2e3f405162-4294967297
  majordomo dead-letters replay 0c1d2e3f405162-4294967297
  majordomo dead-letters purge --all
`;

export const BENCH_HELP = `
Without --rate the loop is closed: --in-flight calls are under way, and each that has ended makes room
for the next. A service that stalls is then asked less, and the percentiles say too little about what
callers who do not wait for each other would see.

With --rate the loop is open: calls are due at a constant rate, and the latency of each counts from
when it was due, not from when it could be begun (no coordinated omission). At most --in-flight are
under way; a call that is due when all places are taken is begun as soon as one is free and counted
as delayed; one that finds no place before the end is counted as never begun. To be on time, it keeps
a core busy.

One call is made first and not counted: if it shows that nothing can be measured (no such service, a
wrong input), that is the error of the command, as of call. Calls that are under way at the end are
waited for. Latencies are those of the answered calls. BUSY is counted and not asked again, unlike in
a client of your own; in a closed loop, who is told it makes its next call when the broker's time to
wait is over. A broker that is lost is asked again when it is back, as always.

It is one process and thus one core: for more load than that, start several. SIGINT ends it early and
prints what was seen. The exit code is 0 when no call failed, else that of the error that was told most
often; after SIGINT it is 130.

Examples:
  majordomo bench orders.create '{"sku":"a"}' --in-flight 50 --duration 30s
  majordomo bench orders.create '{"sku":"a"}' --rate 2000 --duration 1m --timeout 2s --hdr create.hgrm
  majordomo bench images.resize --body-bytes 64KiB --requests 10000 --json
`;

export const BROKER_HELP = `
Every setting is a flag (--queue-length-max), a variable (MAJORDOMO_QUEUE_LENGTH_MAX) and a key of
the file (queueLengthMax), in this order; --print-config shows which one holds. A file is read only
where --config or MAJORDOMO_CONFIG names it. Times are written 250ms, 5s, 2m, 1h; sizes 10kB, 64MiB,
1GiB. A plain number is bytes, or milliseconds where the name ends in ms (--drain-timeout-ms 500).

On a terminal the log is text, elsewhere lines of JSON; --log-format chooses.

Requests that are submitted are kept in the folder of --data until they are done and their outcomes
are collected; with --data off nothing is, and submit is refused. A folder is for one broker. When it
cannot be written any more the broker acknowledges nothing more and ends with exit code 74: whatever
runs it should start it again, and it begins with what is on disk.

The log is JSON lines on stderr. With --json, one line on stdout says when the broker listens and
where. SIGTERM and SIGINT drain: what is under way is finished, nothing new is taken; a second signal
ends the process at once.

Links are neither encrypted nor authenticated in this version: bind to other than loopback addresses
in trusted networks only.

Examples:
  majordomo broker --bind 'tcp://*:5555' --data /var/lib/majordomo
  majordomo broker --config /etc/majordomo.yaml --log-level warn
  MAJORDOMO_MAX_ATTEMPTS=3 majordomo broker --print-config
`;

export const DEMO_HELP = `
It starts a broker and two workers as processes of their own, asks them for a few thousand orders, and
kills one worker with SIGKILL while it holds requests. It then counts, from what the caller was told
and from what the workers wrote down, what was lost, answered twice and run twice, and how long the
requests of the killed worker waited for another one. Nothing is left behind.

The exit code is 1 if a request was lost or answered twice.
`;
