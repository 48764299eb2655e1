// The service of the README, line for line; a test runs it.
import { Method, Service, serve } from '@majordomo/worker';

@Service('greeter')
class Greeter {
  @Method()
  hello(name: string): string {
    return `Hello, ${name}!`;
  }

  @Method()
  async *countdown(from: number): AsyncGenerator<number> {
    for (let left = from; left > 0; left--) yield left;
  }
}

await serve({ services: [new Greeter()] });
