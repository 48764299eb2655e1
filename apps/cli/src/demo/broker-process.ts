// The broker of the demo as a process: on a free port, telling its parent when a worker is lost and when a request is handed out again.

import { createBroker, type BrokerEvent } from '@majordomo/broker';
import { liveWithParent, monotonicMs, tellParent } from './words.js';

function tell(event: BrokerEvent): void {
  if (event.event === 'worker.lost') tellParent({ kind: 'worker-lost', atMs: monotonicMs(), count: event.leases });
  if (event.event === 'request.redelivered') tellParent({ kind: 'redelivered', atMs: monotonicMs(), count: 1 });
}

liveWithParent();
const broker = await createBroker({ bind: 'tcp://127.0.0.1:0', logger: false, onEvent: tell });
process.on('message', (word) => {
  const { settled, requests } = broker.counters;
  if (word === 'report') tellParent({ kind: 'report', settled, requests });
});
tellParent({ kind: 'ready', endpoint: broker.endpoint });
