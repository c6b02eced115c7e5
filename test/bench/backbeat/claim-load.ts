/**
 * `node claim-load.ts send|take URL CLUSTER [RATE]`: StatusClaims of 10,000 agents at a steady rate, and who takes them
 * off the wire and parses each, until SIGTERM; then one JSON line with how many a second it were.
 */
import { connect as dial } from 'node:net';
import { connect } from '@nats-io/transport-node';
import { backbeat } from '@whoosh/contracts';

const AGENTS = 10_000;
const TICK_MS = 10;
const TICKS_PER_S = 1_000 / TICK_MS;

const [role, url = '', cluster = '', rate = '0'] = process.argv.slice(2);
let count = 0;
let fromMs = performance.now();
process.once('SIGTERM', () => {
  const seconds = (performance.now() - fromMs) / 1_000;
  process.stdout.write(`${JSON.stringify({ perSecond: Math.round(count / seconds) })}\n`, () =>
    process.exit(0),
  );
});
if (role === 'send') send(Number(rate));
else await take();

/** Protocol bytes made once and written to a plain socket, so that the sender costs next to nothing. */
function send(perSecond: number): void {
  const { hostname, port } = new URL(url);
  const socket = dial({ host: hostname, port: Number(port), noDelay: true });
  socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
  socket.on('data', (data) => {
    if (data.includes('PING')) socket.write('PONG\r\n');
  });
  const perTick = Math.round(perSecond / TICKS_PER_S);
  const chunks = Array.from({ length: Math.ceil(AGENTS / perTick) }, (_, chunk) =>
    Buffer.concat(Array.from({ length: perTick }, (__, i) => published((chunk * perTick + i) % AGENTS))),
  );
  let tick = 0;
  const next = (): void => {
    // What the broker does not take in time is left out, not piled up: the rate that is stated is the one that was.
    if (!socket.writableNeedDrain) {
      socket.write(chunks[tick % chunks.length] ?? '');
      count += perTick;
    }
    tick += 1;
    setTimeout(next, Math.max(0, fromMs + tick * TICK_MS - performance.now()));
  };
  socket.once('connect', () => {
    fromMs = performance.now();
    next();
  });
}

function published(i: number): Buffer {
  const agent = `agent:${String(i).padStart(5, '0')}`;
  const claim: backbeat.StatusClaim = {
    type: 'backbeat.statusclaim.v1',
    agent_id: agent,
    task_id: `task:${i % 997}`,
    beat_index: 1_000_000,
    beats_left: i % 8,
    progress: (i % 100) / 100,
    notes: 'as the score says',
    hlc: `7ffd:${(i & 0xffff).toString(16).padStart(4, '0')}:0001`,
    state: 'executing',
  };
  const body = JSON.stringify(claim);
  return Buffer.from(`PUB ${backbeat.claims.subject.at({ cluster, agent })} ${body.length}\r\n${body}\r\n`);
}

async function take(): Promise<void> {
  const connection = await connect({ servers: url });
  connection.subscribe(backbeat.claims.subject.wildcard, {
    callback: (_, message) => {
      if (count === 0) fromMs = performance.now();
      if (message.json<backbeat.StatusClaim>().type === 'backbeat.statusclaim.v1') count += 1;
    },
  });
}
