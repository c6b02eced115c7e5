/**
 * An agent that plans on the downbeat, works within a budget of beats and says what it does, with signed claims when it has a key:
 * node packages/backbeat-sdk/examples/agent.ts --nats nats://127.0.0.1:4222 --cluster demo --agent agent:7 [--key-file key.pem]
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BeatBudgetExceeded, connect, readSigner } from '@whoosh/backbeat-sdk';

const BUDGET_BEATS = 2;
const { values } = parseArgs({
  options: {
    nats: { type: 'string', default: 'nats://127.0.0.1:4222' },
    cluster: { type: 'string', default: 'chorus-production' },
    agent: { type: 'string', default: 'agent:7' },
    'key-file': { type: 'string' },
  },
});
const keyFile = values['key-file'];

await using agent = await connect({
  natsUrl: values.nats,
  clusterId: values.cluster,
  agentId: values.agent,
  signer: keyFile === undefined ? undefined : readSigner(values.agent, readFileSync(keyFile, 'utf8')),
  log: {
    info: () => undefined,
    warn: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  },
});

const task_id = 'example:1';
let state: 'new' | 'planned' | 'begun' = 'new';
const ended = Promise.withResolvers<void>();

agent.onDownbeat(async () => {
  if (state !== 'new') return;
  await agent.emitStatusClaim({ state: 'planning', task_id });
  state = 'planned';
});
agent.onBeat(() => {
  if (state !== 'planned') return;
  state = 'begun';
  // Begun on the beat, but not waited for: the next beat is for other things.
  execute().then(ended.resolve, ended.reject);
});
agent.onProblem((problem) => {
  if (problem.kind === 'failed_callback') ended.reject(problem.cause);
});
await ended.promise;

async function execute(): Promise<void> {
  await agent.emitStatusClaim({ state: 'executing', task_id, beats_left: BUDGET_BEATS });
  try {
    await agent.withBeatBudget(BUDGET_BEATS, work);
    await agent.emitStatusClaim({ state: 'completed', task_id, progress: 1 });
    process.stdout.write(`${values.agent} has done ${task_id}\n`);
  } catch (cause) {
    if (!(cause instanceof BeatBudgetExceeded)) throw cause;
    await agent.emitStatusClaim({ state: 'failed', task_id, notes: cause.message });
    process.stdout.write(`${values.agent} was too slow with ${task_id}\n`);
  }
}

/** The work has to look at the signal: it is aborted when so many beats have passed. */
async function work(signal: AbortSignal): Promise<void> {
  await wait(10, undefined, { signal });
}
