/**
 * One Raft node as a process of its own. It prints what happens to it, one line of JSON each; its times are those of
 * CLOCK_MONOTONIC, which all processes of a machine share.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Committed, ProposalError, type Raft, startRaft } from 'raft-ts/node';
import { monotonicMs } from './monotonic-ms.ts';
import { type RaftNodeLine, type RaftNodePlan } from './raft-node-plan.ts';

/** A cluster that does something: as many entries as a pulse at 600 beats a minute reserves. */
const STEADY_EVERY_MS = 100;
/** Connections and files are warm then. */
const WARM_UP_ENTRIES = 200;

const plan = JSON.parse(process.argv[2] ?? '') as RaftNodePlan;
const data = Buffer.alloc(plan.entryBytes, 7);

function print(line: RaftNodeLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function proposed(raft: Raft): Promise<Committed | undefined> {
  try {
    return await raft.propose(data);
  } catch (cause) {
    if (cause instanceof ProposalError) return undefined;
    throw cause;
  }
}

async function beSteady(raft: Raft, term: number): Promise<void> {
  while (raft.status().term === term && raft.status().role === 'leader') {
    await proposed(raft);
    await delay(STEADY_EVERY_MS);
  }
}

async function committed(raft: Raft): Promise<void> {
  await raft.propose(data);
}

/** A node that loses its leadership on the way leaves it to the next leader to begin anew. */
async function beMeasured(raft: Raft, term: number): Promise<void> {
  while (raft.status().term === term && raft.status().role === 'leader') {
    try {
      await measure(raft, plan.single ?? 0, plan.batched ?? { entries: 0, outstanding: 0 });
      return;
    } catch (cause) {
      if (!(cause instanceof ProposalError)) throw cause;
      print({ type: 'interrupted', reason: cause.reason });
    }
  }
}

async function measure(
  raft: Raft,
  single: number,
  { entries, outstanding }: { entries: number; outstanding: number },
): Promise<void> {
  for (let at = 0; at < WARM_UP_ENTRIES; at += 1) await committed(raft);
  const singleMs: number[] = [];
  for (let at = 0; at < single; at += 1) {
    const beganMs = monotonicMs();
    await committed(raft);
    singleMs.push(monotonicMs() - beganMs);
  }
  let begun = 0;
  const beganMs = monotonicMs();
  const caller = async (): Promise<void> => {
    while (begun < entries) {
      begun += 1;
      await committed(raft);
    }
  };
  const callers = await Promise.allSettled(
    Array.from({ length: outstanding }, () => caller().finally(() => (begun = entries))),
  );
  const failed = callers.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const seconds = (monotonicMs() - beganMs) / 1_000;
  print({ type: 'measured', singleMs, entriesPerSecond: entries / seconds });
}

let applied = 0;
let running: Raft | undefined;
const begin = (term: number): void => {
  if (running === undefined) return;
  if (plan.work === 'steady') void beSteady(running, term);
  else void beMeasured(running, term);
};
let led: number | undefined;
const own = plan.peers.find(({ name }) => name === plan.node);
const { raft } = await startRaft({
  clusterId: 'bench',
  node: plan.node,
  peers: plan.peers,
  directory: plan.directory,
  ...(plan.bindPort !== undefined && { bind: { host: own?.host ?? '127.0.0.1', port: plan.bindPort } }),
  ...(plan.timing !== undefined && { timing: plan.timing }),
  machine: {
    apply: () => {
      applied += 1;
    },
    snapshot: () => Buffer.from(JSON.stringify(applied)),
    restore: (snapshot) => {
      applied = Number(new TextDecoder().decode(snapshot));
    },
  },
  onRole: ({ role, term, leader }) =>
    print({ type: 'role', role, term, leader: leader ?? null, atMs: monotonicMs() }),
  onLeading: (term) => {
    print({ type: 'leading', term, atMs: monotonicMs() });
    led = term;
    begin(term);
  },
  onFailure: (failure) => {
    throw failure;
  },
});
running = raft;
if (led !== undefined) begin(led);
print({ type: 'up' });
