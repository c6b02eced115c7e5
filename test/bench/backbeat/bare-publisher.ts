/** `node bare-publisher.ts URL SUBJECT`: twice a second a message of a frame's size that says when it was published. */
import { connect } from '@nats-io/transport-node';
import { monotonicMs } from './monotonic-ms.ts';

const PERIOD_MS = 500;
const FRAME_BYTES = 640;

const [url = '', subject = ''] = process.argv.slice(2);
const connection = await connect({ servers: url });
const padding = 'x'.repeat(FRAME_BYTES);
setInterval(() => connection.publish(subject, JSON.stringify({ padding, atMs: monotonicMs() })), PERIOD_MS);
