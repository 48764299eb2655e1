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

Results go to stdout, everything else to stderr. A setting comes from its flag, else from the environment
(MAJORDOMO_BROKER, MAJORDOMO_CONNECT_TIMEOUT and so on), else from the file of --config, else it has
its default. In the file, the names are those of createBroker(), and broker, timeout, connectTimeout.

Exit codes:
${exitCodeLines()}
${SIGNALS}
`;
}

export const CALL_HELP = `
The value is printed as JSON: indented, or with --json on one line. What JSON has no form for is
printed as a text: bigints in digits, bytes in base64, dates in ISO 8601.

Examples:
  majordomo call orders.create '{"sku":"a"}'
  majordomo call orders.watch '"order-17"' --stream | head -5
  cat order.json | majordomo call orders.create - --timeout 2s --idempotency-key order-17
  majordomo call reports.build --wait --timeout 10m --header traceparent=00-…
`;

export const BROKER_HELP = `
Every setting is a flag (--queue-length-max), a variable (MAJORDOMO_QUEUE_LENGTH_MAX) and a key of
the file (queueLengthMax), in this order; --print-config shows which one holds. A file is read only
where --config or MAJORDOMO_CONFIG names it. Times are written 250ms, 5s, 2m, 1h; sizes 10kB, 64MiB,
1GiB; plain numbers are milliseconds and bytes.

The log is JSON lines on stderr. With --json, one line on stdout says when the broker listens and
where. SIGTERM and SIGINT drain: what is under way is finished, nothing new is taken; a second signal
ends the process at once.

Links are neither encrypted nor authenticated in this version: bind to other than loopback addresses
in trusted networks only.

Examples:
  majordomo broker --bind 'tcp://*:5555' --data ./majordomo-data
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
