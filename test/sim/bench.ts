// What the world's workers serve: handlers that return, fail, ask to be tried again, hang, stick and take their worker with them.

import { HandlerError, Method, RetryableError, Service, type RequestContext } from '@majordomo/worker';
import type { MethodName, Run, Task, Value } from './history.js';

/** How long a handler sticks that does not listen to its signal, in ms: longer than most calls wait. */
export const STICK_MS = 3_000;
/** How long one hangs that does, when nobody stops it. */
const HANG_MS = 4_000;

/** The worker in which handlers are at work. */
export interface Workplace {
  /** A handler begins. */
  begin(method: MethodName, task: Task, context: RequestContext): Run;
  /** It has ended. */
  ended(run: Run, context: RequestContext): void;
  /** Time passes for a handler; a signal ends it early, by a rejection. */
  pass(ms: number, signal?: AbortSignal): Promise<void>;
  /** The process dies. */
  die(why: string): void;
}

/** @returns an instance of a decorated class, for one start of one worker. */
export function benchOf(worker: Workplace): object {
  @Service('bench')
  class Bench {
    @Method()
    echo(task: Task, context: RequestContext): Value | Promise<Value> {
      return serve(worker, 'echo', task, context);
    }

    @Method({ atMostOnce: true })
    once(task: Task, context: RequestContext): Value | Promise<Value> {
      return serve(worker, 'once', task, context);
    }

    @Method({ executionTimeoutMs: 400 })
    limited(task: Task, context: RequestContext): Value | Promise<Value> {
      return serve(worker, 'limited', task, context);
    }

    @Method()
    async *count(task: Task, context: RequestContext): AsyncGenerator<Value & { index: number }> {
      const run = worker.begin('count', task, context);
      try {
        for (let index = 0; index < valuesOf(task); index++) {
          await worker.pass(5, context.signal);
          yield { work: task.work, run: run.number, index };
        }
        await work(worker, run, { ...task, ms: 0 }, context);
      } finally {
        worker.ended(run, context);
      }
    }
  }
  return new Bench();
}

/** How many values a stream has. */
export function valuesOf(task: Task): number {
  return 1 + Math.floor(task.ms / 20);
}

function serve(worker: Workplace, method: MethodName, task: Task, context: RequestContext): Value | Promise<Value> {
  const run = worker.begin(method, task, context);
  const result = work(worker, run, task, context);
  if (result instanceof Promise) return result.finally(() => worker.ended(run, context));
  worker.ended(run, context);
  return result;
}

function work(worker: Workplace, run: Run, task: Task, context: RequestContext): Value | Promise<Value> {
  const isFirst = context.attempt <= task.attempts;
  const { does, ms } = task;
  if (does === 'return' && ms === 0) return returned(run);
  return isFirst && does !== 'return'
    ? misbehave(worker, run, task, context)
    : worker.pass(ms).then(() => returned(run));
}

async function misbehave(worker: Workplace, run: Run, { does, ms }: Task, { signal }: RequestContext): Promise<Value> {
  if (does === 'stick') await worker.pass(STICK_MS);
  else if (does === 'hang') await worker.pass(HANG_MS, signal).catch(() => undefined);
  else await worker.pass(ms);
  if (does === 'crash') {
    worker.die('a handler took it along');
    return worker.pass(Infinity).then(() => returned(run));
  }
  run.end = 'threw';
  if (does === 'retry') throw new RetryableError(`${run.work} is not ready`, { afterMs: 50 });
  throw new HandlerError('BROKEN', `${run.work} is broken`);
}

function returned(run: Run): Value {
  run.end = 'returned';
  return { work: run.work, run: run.number };
}
