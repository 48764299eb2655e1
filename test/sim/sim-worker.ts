// A worker of the world: the real session and the real machine, with handlers of the bench.

import { WIRE_LIMITS } from '@majordomo/protocol';
import { openWorker, type RequestContext, type WorkerSession } from '@majordomo/worker';
import { FakeDealerPort } from '@majordomo/runtime/fake';
import { benchOf, type Workplace } from './bench.js';
import { Credits } from './credits.js';
import type { MethodName, Run, Task } from './history.js';
import { SimProcess } from './sim-process.js';
import { TappedPort } from './tapped-port.js';
import { TIMES } from './plan.js';

export class SimWorker extends SimProcess implements Workplace {
  session: WorkerSession | undefined;
  #port: FakeDealerPort | undefined;
  #running = 0;

  protected open(): void {
    const { world } = this;
    const port = new FakeDealerPort(world.network);
    this.#port = port;
    this.#running = 0;
    const credits = new Credits(new TappedPort(port, this), (problem) => world.fail(`D4: ${this.name} ${problem}`));
    this.session = openWorker({
      services: [benchOf(this)],
      brokers: world.endpoints,
      name: this.name,
      concurrency: world.plan.concurrency,
      connectTimeoutMs: 0,
      drainTimeoutMs: 1_000,
      zmtpHeartbeatMs: 0,
      messageBytesMax: WIRE_LIMITS.messageBytesMax,
      heartbeatMs: TIMES.heartbeatMs,
      silenceMaxMs: TIMES.silenceMaxMs,
      stuckAfterMs: 10_000,
      onEvent: undefined,
      logger: undefined,
      clock: this.clock,
      port: credits,
      instance: this.instance,
      seed: this.instance,
    });
    void this.session.open().catch(() => undefined);
  }

  protected drop(): void {
    void this.#port?.shutdown(0);
    this.session = undefined;
  }

  begin(method: MethodName, { work }: Task, context: RequestContext): Run {
    const { world, name } = this;
    const { requestId, attempt } = context;
    const run = world.history.began({
      work,
      method,
      requestId,
      worker: name,
      attempt,
      process: `${name}/${this.starts}`,
    });
    world.note(`${name} runs ${work} as run ${run.number} (${requestId}, attempt ${attempt})`);
    world.checkTurn(requestId, run);
    this.#running += 1;
    if (this.#running > world.plan.concurrency) world.fail(`D4: ${this.#running} handlers at work in ${name}`);
    return run;
  }

  ended(run: Run, context: RequestContext): void {
    this.#running -= 1;
    run.isAtWork = false;
    run.wasStopped = context.signal.aborted;
  }

  pass(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.setTimer(ms, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      const stop = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      if (signal?.aborted === true) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    });
  }

  die(why: string): void {
    const { world } = this;
    this.kill(why);
    world.later(100 + world.faultDice.below(400), () => this.start());
  }

  /** Leaves with its work done, and is started again. */
  leave(): void {
    const { session, starts } = this;
    if (session === undefined || !this.isRunning) return;
    this.world.note(`${this.name} drains`);
    void session.drain().then(() => {
      if (starts === this.starts) this.die('it has left');
    });
  }
}
