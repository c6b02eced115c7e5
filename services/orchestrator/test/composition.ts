/** The orchestrator's composition in this process, with a clock that a test may move. */
import { type BeatListener, listenToBeats, type SignaturePolicy } from '@whoosh/backbeat-sdk';
import { claimSignatures } from '@whoosh/backbeat-sdk/claim-signatures';
import { Secret } from '@whoosh/config';
import { type Clock } from '@whoosh/stdx';
import { newRegistry, type Registry } from '@whoosh/telemetry';
import { quietLog } from '@whoosh/testkit';
import { startOrchestrator } from '../src/orchestrator.ts';
import { type AgentRuntime } from '../src/runtime/agent-runtime.ts';
import { CLUSTER, JWT_SECRET, type World } from './world.ts';

export class MovableClock implements Clock {
  #aheadMs = 0;

  now(): number {
    return Date.now() + this.#aheadMs;
  }
  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

interface Composition extends AsyncDisposable {
  readonly beat: BeatListener;
  readonly registry: Registry;
}

export async function startComposition(
  world: World,
  over: { clock?: Clock; runtime?: AgentRuntime; instance?: string; signatures?: SignaturePolicy } = {},
): Promise<Composition> {
  const bus = await world.newBus('orchestrator');
  const beat = await listenToBeats({ bus, clusterId: CLUSTER, signatures: over.signatures });
  const registry = newRegistry('orchestrator');
  const service = await startOrchestrator({
    bus,
    db: world.db,
    databaseUrl: new Secret(world.databaseUrl),
    beat,
    cluster: CLUSTER,
    signatures: claimSignatures(over.signatures),
    runtime: over.runtime,
    image: 'agent:test',
    jwtSecret: new Secret(JWT_SECRET),
    instance: over.instance ?? 'one',
    log: quietLog(),
    registry,
    ...(over.clock && { clock: over.clock }),
  });
  return {
    beat,
    registry,
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await beat.close();
      await bus[Symbol.asyncDispose]();
    },
  };
}
