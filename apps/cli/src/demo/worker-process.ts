// A worker of the demo as a process: serves orders through one broker until it is killed.
//
// Arguments: the endpoint of the broker, the name of the worker, the file in which it writes down its runs.

import { serve } from '@majordomo/worker';
import { openSync } from 'node:fs';
import { Orders } from './orders.js';
import { liveWithParent, tellParent } from './words.js';

liveWithParent();
const [endpoint = '', name = '', file = ''] = process.argv.slice(2);
await serve({ brokers: [endpoint], name, logger: false, services: [new Orders(name, openSync(file, 'a'))] });
tellParent({ kind: 'ready' });
