// Idempotency keys over real processes: a caller who gave up, and who asks again.

import { freeEndpoint } from './processes.js';
import {
  allRunsOf,
  clearStage,
  holderOf,
  LIMIT_MS,
  startBroker,
  startClient,
  startWorker,
  type Answer,
} from './stage.js';

afterEach(clearStage);

test(
  'after a deadline the key gives what the handler ends with, whether it has ended by then or not',
  async () => {
    const bind = await freeEndpoint();
    await startBroker({ bind });
    const worker = await startWorker({ brokers: [bind] });
    const client = await startClient(bind);
    const other = await startClient(bind);
    for (const isEnded of [false, true]) {
      const id = isEnded ? 'ended' : 'at-work';
      const task = { id, ms: 600 };
      const options = { idempotencyKey: id };
      const hasty = client.call<Answer>('lab.work', task, { ...options, deadlineMs: 200 });
      await expect(hasty).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', ran: 'unknown' });
      await holderOf(id, [worker]);
      if (isEnded) await other.call('lab.work', { id: 'meanwhile', ms: 1_000 });
      await expect(other.call<Answer>('lab.work', task, options)).resolves.toEqual({ id, pid: worker.pid, attempt: 1 });
      await expect(client.call<Answer>('lab.work', task, options)).resolves.toMatchObject({ id });
      expect((await allRunsOf(worker)).get(id)).toBe(1);
    }
  },
  LIMIT_MS,
);

test(
  'a handler that stops at the deadline leaves the key free',
  async () => {
    const bind = await freeEndpoint();
    await startBroker({ bind });
    const worker = await startWorker({ brokers: [bind] });
    const client = await startClient(bind);
    const task = { id: 'gate' };
    const hasty = client.call<Answer>('lab.gate', task, { idempotencyKey: 'k', deadlineMs: 200 });
    await expect(hasty).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await worker.hear('aborted');
    const again = client.call<Answer>('lab.gate', task, { idempotencyKey: 'k' });
    await worker.hear('run', () => worker.all('run').length === 2);
    worker.tell({ open: 'gate' });
    await expect(again).resolves.toMatchObject({ id: 'gate', pid: worker.pid });
  },
  LIMIT_MS,
);
