// The caller of the README, line for line; a test runs it.
import { connect } from '@majordomo/client';

const client = await connect();
console.log(await client.call('greeter.hello', 'world'));
for await (const left of client.stream('greeter.countdown', 3)) console.log(left);
await client.close();
