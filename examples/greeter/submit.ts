// The README's request that is handed over; a test runs it.
import { connect } from '@majordomo/client';

const client = await connect();
const ticket = await client.submit('greeter.hello', 'world', { idempotencyKey: 'greeting-1', expiresMs: 3_600_000 });
console.log(ticket.id);
await client.close();
