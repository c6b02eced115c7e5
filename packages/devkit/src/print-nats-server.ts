/** Makes sure of a nats-server and prints its path. */
import { natsServerBinary } from './nats-server-binary.ts';

try {
  console.log(`nats-server: ${await natsServerBinary()}`);
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : String(cause));
  process.exit(1);
}
