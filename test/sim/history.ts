// What was asked, what ran, and what came back: what callers are promised, held against each other as they happen.
//
// H1. Phantom: nothing runs that was not asked, no value comes back that no run has returned.
// H2. Crossed: what comes back belongs to the very request.
// H3. `ran: no` is a promise: no handler was started for it, before or after. `ran: yes` says that one was.
// H4. A method that runs at most once runs at most once in all; an idempotency key is one request while it is remembered and its callers
//     wait; a worker
//     does not begin again what it is at.
// H5. Everything ends, once, in its time.
// H6. A ticket is on disk before it is given out (D1), is never lost, and has one outcome for ever.
// H7. Under an ordering key one begins when all before it have ended.

import type { ErrorCode, Ran } from '@majordomo/protocol';
import { TIMES } from './plan.js';

export type MethodName = 'echo' | 'once' | 'limited' | 'count';

/** What a handler is told to do. It travels as the input. */
export interface Task {
  /** One piece of work: unique for each request, but for those under one idempotency key. */
  readonly work: string;
  readonly does: 'return' | 'fail' | 'retry' | 'hang' | 'stick' | 'crash';
  readonly ms: number;
  /** Attempts up to this one do so; later ones return. */
  readonly attempts: number;
}

export interface Value {
  readonly work: string;
  readonly run: number;
}

export type Outcome =
  | { readonly is: 'value'; readonly value: unknown }
  | {
      readonly is: 'error';
      readonly code: ErrorCode;
      readonly ran: Ran;
      readonly stage: string;
      readonly message: string;
    };

export interface Asked {
  readonly kind: 'call' | 'stream' | 'submit' | 'result';
  readonly client: string;
  readonly method: MethodName;
  readonly task: Task;
  readonly key: string;
  readonly deadlineMs: number;
  readonly lane: string;
  readonly runAt: number;
}

/** One thing that a client waits for. */
export interface Operation extends Asked {
  readonly number: number;
  readonly at: number;
  outcome: Outcome | undefined;
  /** The client died before it was told. */
  isCut: boolean;
  /** The caller cancelled it. */
  isCancelled: boolean;
  /** The client was stopped meanwhile: it is not to blame for being late. */
  isHeldUp: boolean;
}

export interface Run {
  readonly number: number;
  readonly work: string;
  readonly method: MethodName;
  readonly requestId: string;
  readonly worker: string;
  readonly attempt: number;
  readonly at: number;
  /** The worker and its start. */
  readonly process: string;
  /** `returned` and `threw` are ends; a run whose worker died has none. */
  end: 'returned' | 'threw' | undefined;
  isAtWork: boolean;
  /** The handler was told to stop. */
  wasStopped: boolean;
}

/** How much later than its deadline a call may be settled: the caller's grace, drift, and a turn. */
const SETTLE_SLACK_MS = 250;
/** Workers remember outcomes for a minute. */
const REMEMBERED_MS = 50_000;
/** Errors that no misfortune explains: each is a bug of ours. */
const NEVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INTERNAL',
  'INVALID_ARGUMENT',
  'INVALID_OPTION',
  'INVALID_SERVICE',
  'MESSAGE_TOO_LARGE',
  'NO_SUCH_METHOD',
  'PROTOCOL_ERROR',
  'REPLY_UNSENDABLE',
  'REQUEST_CONFLICT',
  'REQUEST_FORGOTTEN',
  'STREAM_EXPECTED',
  'SUPERSEDED',
  'TICKET_UNKNOWN',
  'UNAUTHORIZED',
  'UNDECODABLE',
  'UNENCODABLE',
  'UNSUPPORTED',
  'VERSION_MISMATCH',
]);

export interface HistoryOptions {
  readonly now: () => number;
  readonly fail: (problem: string) => void;
  /** An idempotency key is one request: there is one broker, and it has not forgotten. */
  readonly keysHold: () => boolean;
  /** A client that is away for less than this is waited for, in ms; 0 once a broker has drained. */
  readonly awayMaxMs: () => number;
  /** A request is not begun later than this after its deadline, in ms: what messages may be under way. */
  readonly latenessMs: number;
}

export class History {
  readonly operations: Operation[] = [];
  readonly runs: Run[] = [];
  readonly #options: HistoryOptions;
  readonly #byWork = new Map<string, { readonly operations: Operation[]; readonly runs: Run[] }>();

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  get open(): Operation[] {
    return this.operations.filter((each) => each.outcome === undefined && !each.isCut);
  }

  runsOf(work: string): readonly Run[] {
    return this.#byWork.get(work)?.runs ?? [];
  }

  asked(asked: Asked): Operation {
    const number = this.operations.length + 1;
    const at = this.#options.now();
    const operation = { ...asked, number, at, outcome: undefined, isCut: false, isCancelled: false, isHeldUp: false };
    this.operations.push(operation);
    const ofWork = this.#byWork.get(asked.task.work) ?? { operations: [], runs: [] };
    ofWork.operations.push(operation);
    this.#byWork.set(asked.task.work, ofWork);
    return operation;
  }

  began(begun: Omit<Run, 'number' | 'at' | 'end' | 'isAtWork' | 'wasStopped'>): Run {
    const run: Run = {
      ...begun,
      number: this.runs.length + 1,
      at: this.#options.now(),
      end: undefined,
      isAtWork: true,
      wasStopped: false,
    };
    this.runs.push(run);
    const ofWork = this.#byWork.get(run.work);
    if (ofWork === undefined) this.#fail('H1', `${run.work} runs and nobody asked for it`);
    else {
      this.#checkBegin(run, ofWork.operations, ofWork.runs);
      ofWork.runs.push(run);
    }
    return run;
  }

  #checkBegin(run: Run, operations: readonly Operation[], before: readonly Run[]): void {
    const { work } = run;
    if (operations.every(({ outcome }) => outcome?.is === 'error' && outcome.ran === 'no')) {
      this.#fail('H3', `${work} runs, and its caller was told that it did not`);
    }
    const first = operations[0] as Operation;
    const isSame = (other: Run): boolean => first.key === '' || other.requestId === run.requestId;
    if (run.method === 'once' && before.some(isSame)) this.#fail('H4', `${work} runs a second time`);
    if (first.key !== '' && this.#options.keysHold()) this.#checkKey(run, operations, before);
    const { latenessMs } = this.#options;
    if (
      operations.every(({ kind, at, deadlineMs }) => kind !== 'submit' && run.at > at + deadlineMs * 1.03 + latenessMs)
    ) {
      this.#fail('H5', `${work} is begun after its deadline`);
    }
    this.#checkAgain(run, before);
    if (run.at < first.runAt - 50) this.#fail('H7', `${work} runs before its date`);
  }

  /** H4: another request may run under a key when somebody has given up before. */
  #checkKey({ work, requestId }: Run, operations: readonly Operation[], before: readonly Run[]): void {
    if (before.every((other) => other.requestId === requestId)) return;
    const now = this.#options.now();
    const hasGivenUp = operations.some(
      ({ at, deadlineMs, outcome, isCut, isHeldUp }) =>
        isCut || isHeldUp || outcome?.is === 'error' || now >= at + deadlineMs * 0.95 - 20,
    );
    if (!hasGivenUp) this.#fail('H4', `${work} runs for two requests under one idempotency key`);
  }

  /** H4: a worker that has the run already, or had it a moment ago, does not begin it again. */
  #checkAgain(run: Run, before: readonly Run[]): void {
    for (const other of before) {
      if (other.requestId !== run.requestId || other.process !== run.process) continue;
      const isKnown = other.end === 'returned' && !other.wasStopped && run.at - other.at < REMEMBERED_MS;
      if (other.isAtWork || isKnown)
        this.#fail('H4', `${run.worker} begins ${run.work} again, which it has as run ${other.number}`);
    }
  }

  ended(operation: Operation, outcome: Outcome): void {
    if (operation.isCut) return;
    if (operation.outcome !== undefined) this.#fail('H5', `${operation.task.work} ends twice`);
    operation.outcome = outcome;
    const tookMs = this.#options.now() - operation.at;
    if (!operation.isHeldUp && tookMs > operation.deadlineMs * 1.03 + SETTLE_SLACK_MS) {
      this.#fail('H5', `${operation.task.work} took ${tookMs} ms with a deadline of ${operation.deadlineMs}`);
    }
    if (outcome.is === 'error') this.#checkError(operation, outcome);
    else if (operation.kind === 'call' || operation.kind === 'result') this.checkValue(operation, outcome.value);
  }

  /** H1, H2. */
  checkValue({ task }: Operation, value: unknown): void {
    const { work, run: number } = value as Value;
    if (work !== task.work) return this.#fail('H2', `${task.work} got the value of ${work}`);
    const run = this.runs[number - 1];
    if (run === undefined || run.work !== work) return this.#fail('H1', `${work} got a value that no run of it made`);
    if (run.end !== 'returned') this.#fail('H1', `${work} got the value of run ${number}, which has not returned`);
  }

  #checkError(operation: Operation, { code, ran, message }: Outcome & { is: 'error' }): void {
    const { work } = operation.task;
    const runs = this.runsOf(work);
    if (NEVER.has(code)) this.#fail('H5', `${work} ended as ${code}: ${message}`);
    // What is asked about a ticket is a request of its own.
    if (operation.kind === 'result') return;
    if (ran === 'no' && runs.length > 0 && operation.key === '') {
      this.#fail('H3', `${work} ended as ${code} with "ran: no" after ${runs.length} runs`);
    }
    if (ran === 'yes' && runs.length === 0) this.#fail('H3', `${work} ended as ${code} with "ran: yes" and never ran`);
    if (code === 'HANDLER_FAILED' && !runs.some((run) => run.end === 'threw')) {
      this.#fail('H1', `${work} ended as ${code}, and no run of it threw`);
    }
    this.#checkTimes(operation, code);
    if (code === 'CANCELLED' && operation.kind !== 'submit' && !operation.isCancelled) {
      this.#fail('H5', `${work} ended as CANCELLED, and nobody cancelled it: ${message}`);
    }
  }

  /** H5: nobody is given up before the time. */
  #checkTimes({ at, task, deadlineMs, key }: Operation, code: ErrorCode): void {
    // Under a key it may be the outcome of somebody who asked before.
    if (key !== '') return;
    const tookMs = this.#options.now() - at;
    if (code === 'DEADLINE_EXCEEDED' && tookMs < deadlineMs * 0.95 - 20) {
      this.#fail('H5', `${task.work} ended as ${code} after ${tookMs} ms with a deadline of ${deadlineMs}`);
    }
    const awayMs = this.#options.awayMaxMs();
    if (code === 'SESSION_LOST' && tookMs < awayMs * 0.95)
      this.#fail('H5', `${task.work} ended as ${code} after ${tookMs} ms`);
  }

  /** H5, at the end of everything. */
  checkAllEnded(): void {
    const open = this.open;
    const [first] = open;
    if (first === undefined) return;
    const named = `${first.task.work} (${first.kind} ${first.method} of ${first.client}, asked at ${first.at})`;
    this.#fail('H5', `${open.length} never ended, the first of them ${named}`);
  }

  #fail(rule: string, problem: string): void {
    this.#options.fail(`${rule}: ${problem}`);
  }
}

/** How long after its last deadline everything must have ended, in ms. */
export const SETTLED_WITHIN_MS = TIMES.deadlineMaxMs + 1_000;
