// What a worker logs: brokers that come and go, what handlers throw with its stack, handlers that do not end.
//
// L1. Failures of handlers are bounded in time: those beyond the bound are counted, and the next line that is logged says how many.

import { BrokerLog } from '@majordomo/caller';
import { isNamed, readThrown, stackText, type Milliseconds } from '@majordomo/protocol';
import type { Logger } from '@majordomo/runtime';
import { WORKER_LIMITS } from './core/limits.js';
import type { HandlerCall, WorkerNews } from './news.js';

export class WorkerLog {
  readonly #logger: Logger | undefined;
  readonly #now: () => Milliseconds;
  readonly #brokers: BrokerLog;
  #windowEnd: Milliseconds = 0;
  #logged = 0;
  #omitted = 0;

  constructor(logger: Logger | undefined, now: () => Milliseconds) {
    this.#logger = logger;
    this.#now = now;
    this.#brokers = new BrokerLog(logger);
  }

  write(news: WorkerNews): void {
    if (this.#logger === undefined) return;
    switch (news.kind) {
      case 'handler.failed':
        return this.#failed(news, news.error);
      case 'handler.stuck': {
        const { runningMs, reason } = news;
        const text = `the handler of ${callText(news)} was told to stop (${reason}) and has not ended after ${runningMs} ms: it keeps its slot`;
        return this.#logger.warn(text, news);
      }
      case 'handler.unstuck':
        return this.#logger.info(`the handler of ${callText(news)} has ended after ${news.runningMs} ms`, news);
      case 'worker.left':
        return this.#logger.info(`left all brokers${unfinishedText(news.unfinished)}`, news);
      default:
        return this.#brokers.broker(news);
    }
  }

  callbackFailed(name: string, error: unknown): void {
    this.#logger?.error(`${name} threw: ${readThrown(error).message}`, { stack: stackText(error) });
  }

  /** L1. */
  #failed(call: HandlerCall, error: unknown): void {
    const now = this.#now();
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + WORKER_LIMITS.failuresLoggedMs;
      this.#logged = 0;
    }
    if (this.#logged >= WORKER_LIMITS.failuresLoggedMax) {
      this.#omitted += 1;
      return;
    }
    this.#logged += 1;
    const before = this.#omitted === 0 ? '' : ` (${this.#omitted} failures before this one are not logged)`;
    this.#omitted = 0;
    this.#write(call, error, before);
  }

  #write({ service, method, requestId, attempt }: HandlerCall, error: unknown, before: string): void {
    const call = { service, method, requestId, attempt };
    const text = `the handler of ${callText(call)} failed: ${readThrown(error).message}${before}`;
    // Thrown on purpose, for the caller: where it was thrown is no news.
    const isMeant = isNamed(error, 'HandlerError') || isNamed(error, 'RetryableError');
    if (isMeant) this.#logger?.warn(text, call);
    else this.#logger?.error(text, { ...call, stack: stackText(error) });
  }
}

/** For the calls of handlers, which use the same brokers: that these come and go is logged once. */
export function errorsOnly(logger: Logger | undefined): Logger | undefined {
  return logger && { ...logger, info: () => undefined, warn: () => undefined };
}

function callText({ service, method, requestId, attempt }: HandlerCall): string {
  return `${service}.${method} (request ${requestId}, attempt ${attempt})`;
}

function unfinishedText(unfinished: number): string {
  return unfinished === 0 ? '' : `; ${unfinished} handlers had not ended`;
}
