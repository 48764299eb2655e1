// The README's fetching of a result by its ticket; a test runs it.
import { connect } from '@majordomo/client';

const [, , id = ''] = process.argv;
const client = await connect();
const ticket = client.ticket<string>(id);
console.log((await ticket.status()).state);
console.log(await ticket.result({ timeoutMs: 60_000 }));
await client.close();
