// The programs of the README are the examples, line for line; they run and print what the README says, and its contract compiles.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { built, freeEndpoint, Program, troubleIn, until } from './processes.js';
import { clearStage, dataFolder, LIMIT_MS, startBroker, startClient } from './stage.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The `ts` blocks of the README, in order. */
const [service = '', ask = '', submit = '', collect = '', contract = ''] = [
  ...readme.matchAll(/^```ts\n(.*?)^```$/gms),
].map(([, text]) => text);

/** An example without its first line, which says what it is. */
function example(name: string): string {
  return readFileSync(join(root, 'examples/greeter', name), 'utf8').replace(/^\/\/.*\n/, '');
}

afterEach(clearStage);

test('the programs are the examples, line for line', () => {
  expect(service).toBe(example('service.ts'));
  expect(ask).toBe(example('ask.ts'));
  expect(submit).toBe(example('submit.ts'));
  expect(collect).toBe(example('collect.ts'));
});

test(
  'the examples find their broker by MAJORDOMO_BROKER, run, and print what their text says',
  async () => {
    const bind = await freeEndpoint();
    const env = { MAJORDOMO_BROKER: bind };
    await startBroker({ bind });
    const greeter = new Program(built('examples/dist/greeter/service.js'), { env });
    const client = await startClient(bind);
    const serves = async () => (await client.call<{ service: string }[]>('majordomo.services')).some(isGreeter);
    await until('the greeter serves', serves);
    const asking = new Program(built('examples/dist/greeter/ask.js'), { env });
    expect(await asking.ended).toEqual({ code: 0, signal: null });
    expect([...asking.text, ...asking.lines.map(String)]).toEqual(['Hello, world!', '3', '2', '1']);
    expect(troubleIn(asking.errors + greeter.errors)).toBe('');
  },
  LIMIT_MS,
);

test(
  'what one example hands over another one collects, though nobody served it then and the broker was killed',
  async () => {
    const where = { bind: await freeEndpoint(), data: dataFolder() };
    const env = { MAJORDOMO_BROKER: where.bind };
    const broker = await startBroker({ ...where });
    const submitting = new Program(built('examples/dist/greeter/submit.js'), { env });
    expect(await submitting.ended).toEqual({ code: 0, signal: null });
    broker.kill();
    await broker.ended;
    await startBroker({ ...where });
    const collecting = new Program(built('examples/dist/greeter/collect.js'), { env, args: submitting.text });
    await until('it has asked', () => collecting.text.length > 0);
    new Program(built('examples/dist/greeter/service.js'), { env });
    expect(await collecting.ended).toEqual({ code: 0, signal: null });
    expect(collecting.text).toEqual(['queued', 'Hello, world!']);
    expect(troubleIn(submitting.errors + collecting.errors)).toBe('');
  },
  LIMIT_MS,
);

function isGreeter({ service: name }: { readonly service: string }): boolean {
  return name === 'greeter';
}

test(
  'the contract of the README compiles, and types what it says',
  () => {
    // Inside the workspace, so that its imports are found as the README means them.
    const folder = mkdtempSync(join(root, 'test/dist/readme-'));
    const user = `${contract}
import { connect } from '@majordomo/client';
import { Method, Service } from '@majordomo/worker';
@Service(orders)
class Orders {
  @Method() create(order: { sku: string }): { id: string } { return { id: order.sku }; }
  @Method() async *watch(id: string): AsyncGenerator<string> { yield id; }
}
export const client = await connect({ contracts: [orders] });
export const id: string = (await client.call('orders.create', { sku: 'a' })).id;
// @ts-expect-error a wrong argument is a compile error at the caller
void client.call('orders.create', { sku: 1 });
// @ts-expect-error and a wrong handler at the handler
@Service(orders)
class Wrong { @Method() create(order: number): number { return order; } @Method() async *watch(): AsyncGenerator<string> { yield ''; } }
export const all = [Orders, Wrong];
`;
    try {
      writeFileSync(join(folder, 'contract.ts'), user);
      const config = {
        extends: '../../../tsconfig.base.json',
        compilerOptions: { noEmit: true, composite: false },
        include: ['.'],
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
      expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  LIMIT_MS,
);
