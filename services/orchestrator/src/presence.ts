import { setTimeout as wait } from 'node:timers/promises';
import { type Clock, type Instant } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type Agent, type AgentInput, type HeardClaim, stepAgent } from './domain/agent.ts';
import { isSaidBefore } from './domain/claim-age.ts';
import { isNews } from './domain/claim-news.ts';
import { limitMs, OFFLINE_AFTER, STALE_AFTER } from './domain/limits.ts';
import { Strangers } from './domain/strangers.ts';
import { type Lives } from './lives.ts';
import { type OrchestratorMetrics } from './metrics.ts';
import { type AgentStore, type Sighting } from './store/agents.ts';
import { type DeploymentStore } from './store/deployments.ts';

export interface PresenceOptions {
  readonly agents: AgentStore;
  readonly deployments: DeploymentStore;
  readonly lives: Lives;
  readonly clock: Clock;
  readonly metrics: OrchestratorMetrics;
  readonly log: Log;
  /** Length of a beat; undefined without one. */
  readonly beatMs: () => number | undefined;
  readonly isListening: () => boolean;
  /** What this agent said since then, in order. */
  readonly missedClaims: (agentId: string, since: Instant) => Promise<HeardClaim[]>;
}

interface Known {
  agent: Agent;
  /** Heard, and not yet in the row. */
  unnoted: HeardClaim | undefined;
  isChanging: boolean;
}

const LOOK_EVERY_MS = 500;
const NOTE_EVERY_MS = 5_000;
const STRANGERS_MAX = 50_000;
const LOOKUPS_MAX = 1_000;
const SILENT_MAX = 500;
/** Further back nobody asks what was missed. */
const MISSED_MS_MAX = 600_000;
const MISSED_AGENTS_MAX = 1_000;
const MISSED_TRIES_MAX = 5;
/** Who was not heard for so long is asked for again when heard. */
const REMEMBERED_MS = 600_000;

const BY = { by: 'orchestrator' };

/**
 * Who is there. What is heard lives in memory and reaches the rows in one statement every five seconds; a change of
 * state is stored at once. Silence is judged from the rows, so that replicas and restarts agree, and only
 * as far back as this process has been listening.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #known = new Map<string, Known>();
  /** Agents that are not registered. */
  readonly #strangers = new Strangers(STRANGERS_MAX);
  #listeningSince: Instant;
  /** Looks at what was missed that are left; 0 when nothing was. */
  #catchUpTries = MISSED_TRIES_MAX;
  #notedAt: Instant;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#listeningSince = options.clock.now();
    this.#notedAt = this.#listeningSince;
  }

  /** The registry changed in this process. */
  learn(agent: Agent): void {
    this.#strangers.forget(agent.agentId);
    const known = this.#known.get(agent.agentId);
    if (known === undefined) this.#known.set(agent.agentId, { agent, unnoted: undefined, isChanging: false });
    else if (known.agent.revision <= agent.revision) known.agent = agent;
    this.#options.metrics.agentsKnown.set(this.#known.size);
  }

  hear(agentId: string, claim: HeardClaim): void {
    const known = this.#known.get(agentId);
    if (known === undefined) {
      this.#strangers.meet(agentId, claim);
      return;
    }
    if (isSaidBefore(claim, known.unnoted ?? known.agent.lastClaim)) return;
    known.unnoted = claim;
    if (stepAgent(known.agent, { type: 'claimed', claim }).transitions.length > 0) this.#change(known, claim);
  }

  /** Whether `hear` would learn anything that it has not heard in the last two seconds. */
  isNews(agentId: string, claim: HeardClaim): boolean {
    const known = this.#known.get(agentId);
    if (known === undefined) return isNews(this.#strangers.heard(agentId), claim);
    const { agent, unnoted } = known;
    if (isSaidBefore(claim, unnoted ?? agent.lastClaim)) return false;
    // One that is called silent, or has said farewell, is back even with the same words.
    const isBack = stepAgent(agent, { type: 'claimed', claim }).transitions.length > 0;
    return isBack || isNews(unnoted ?? agent.lastClaim, claim);
  }

  /** The agent with what was heard of it since its row was written. */
  withNews(agent: Agent): Agent {
    const claim = this.#known.get(agent.agentId)?.unnoted;
    if (claim === undefined || (agent.lastSeen ?? 0) >= claim.at) return agent;
    return { ...agent, lastSeen: claim.at, lastClaim: claim };
  }

  /** Runs until the signal: asks for strangers, tells first claims, notes, and finds who is silent. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, isListening } = this.#options;
    while (!signal.aborted) {
      const now = clock.now();
      // Whoever hears nothing may not call others silent.
      if (!isListening()) {
        this.#listeningSince = now;
        this.#catchUpTries = MISSED_TRIES_MAX;
      } else if (this.#catchUpTries > 0) await this.#catchUp(now);
      await this.#askForStrangers(now);
      await this.#tellFirstClaims();
      if (now - this.#notedAt >= NOTE_EVERY_MS) await this.note();
      await this.#findSilent(now, 'offline');
      await this.#findSilent(now, 'stale');
      await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /**
   * After a start, and after a time without a broker: the agents of deployments may have worked and ended meanwhile, and
   * their team would wait for ever to hear of it. Registered agents are known by their next claim.
   */
  async #catchUp(now: Instant): Promise<void> {
    const { agents, missedClaims, log } = this.#options;
    this.#catchUpTries -= 1;
    try {
      for (const agent of await agents.deployedSince(now - MISSED_MS_MAX, MISSED_AGENTS_MAX)) {
        const since = Math.max(agent.lastSeen ?? 0, agent.updatedAt, now - MISSED_MS_MAX);
        await this.#hearMissed(agent, await missedClaims(agent.agentId, since));
      }
      this.#catchUpTries = 0;
    } catch (cause) {
      log.warn({ err: cause, tries_left: this.#catchUpTries }, 'what was said meanwhile could not be read');
    }
  }

  /** One after the other, unlike what is heard now: each of these changes counts. */
  async #hearMissed({ agentId }: Agent, claims: readonly HeardClaim[]): Promise<void> {
    for (const claim of claims) {
      const changes = (agent: Agent) =>
        agent.removedAt === null && stepAgent(agent, { type: 'claimed', claim }).transitions.length > 0;
      const agent = this.#known.get(agentId)?.agent;
      if (agent !== undefined && !changes(agent)) continue;
      const isDue = (row: Agent) => changes(row) && !(row.status === 'offline' && claim.at <= row.updatedAt);
      await this.#tell(agentId, { type: 'claimed', claim }, isDue);
    }
  }

  /** Writes what was heard into the rows. */
  async note(): Promise<void> {
    const { agents, clock } = this.#options;
    this.#notedAt = clock.now();
    const sightings: Sighting[] = [];
    const forgetBefore = this.#notedAt - REMEMBERED_MS;
    for (const [agentId, known] of this.#known) {
      if (known.unnoted === undefined) {
        if ((known.agent.lastSeen ?? known.agent.createdAt) < forgetBefore) this.#known.delete(agentId);
        continue;
      }
      sightings.push({ agentId, at: known.unnoted.at, claim: known.unnoted });
    }
    await agents.note(sightings);
    for (const { agentId, claim } of sightings) {
      const known = this.#known.get(agentId);
      if (known?.unnoted !== claim) continue;
      known.unnoted = undefined;
      known.agent = { ...known.agent, lastSeen: claim.at, lastClaim: claim };
    }
    // Another replica may have changed what this one believes.
    for (const agent of await agents.findMany(sightings.map(({ agentId }) => agentId))) this.#refresh(agent);
  }

  #refresh(agent: Agent): void {
    const known = this.#known.get(agent.agentId);
    if (known === undefined || known.agent.revision > agent.revision) return;
    if (agent.removedAt === null) known.agent = agent;
    else this.#known.delete(agent.agentId);
  }

  async #askForStrangers(now: Instant): Promise<void> {
    const due = this.#strangers.due(now, LOOKUPS_MAX);
    if (due.length === 0) return;
    for (const agent of await this.#options.agents.findMany(due)) {
      if (agent.removedAt !== null) continue;
      const claim = this.#strangers.heard(agent.agentId);
      this.learn(agent);
      if (claim !== undefined) this.hear(agent.agentId, claim);
    }
    this.#strangers.asked(due, now);
  }

  /** A deployment is healthy with the first claim of its agent in this attempt. Asked of the rows: a restart forgets none. */
  async #tellFirstClaims(): Promise<void> {
    const { deployments, lives } = this.#options;
    for (const { id, agentId, updatedAt } of await deployments.awaitingClaim()) {
      const known = this.#known.get(agentId);
      const at = known?.unnoted?.at ?? known?.agent.lastClaim?.at;
      if (at === undefined || at < updatedAt) continue;
      await lives.changeDeployment(id, { type: 'claim_heard', at }, BY);
    }
  }

  async #findSilent(now: Instant, level: 'stale' | 'offline'): Promise<void> {
    const { agents, beatMs } = this.#options;
    const afterMs = limitMs(level === 'stale' ? STALE_AFTER : OFFLINE_AFTER, beatMs());
    if (now - this.#listeningSince < afterMs) return;
    const since = now - afterMs;
    const statuses: Agent['status'][] = level === 'stale' ? ['online'] : ['online', 'stale'];
    for (const agentId of await agents.silentSince(statuses, since, SILENT_MAX)) {
      if ((this.#known.get(agentId)?.unnoted?.at ?? 0) > since) continue;
      const isStillSilent = (agent: Agent) => (agent.lastSeen ?? agent.createdAt) <= since;
      await this.#tell(agentId, { type: 'silent', at: now, level }, isStillSilent);
    }
  }

  #change(known: Known, claim: HeardClaim): void {
    if (known.isChanging) return;
    known.isChanging = true;
    const { agentId } = known.agent;
    // One whose deployment was removed stays gone, and a farewell stands against what was said before it.
    const isDue = ({ removedAt, status, updatedAt }: Agent) =>
      removedAt === null && !(status === 'offline' && claim.at <= updatedAt);
    this.#tell(agentId, { type: 'claimed', claim }, isDue)
      .catch((cause: unknown) => {
        // The next claim tries again.
        this.#options.log.warn({ err: cause, agent: agentId }, 'a change of an agent could not be stored');
      })
      .finally(() => {
        known.isChanging = false;
      });
  }

  async #tell(agentId: string, input: AgentInput, isDue: (agent: Agent) => boolean): Promise<void> {
    const agent = await this.#options.lives.changeAgent(agentId, input, BY, isDue);
    if (agent === undefined) return;
    if (agent.removedAt === null) this.learn(agent);
    else this.#known.delete(agentId);
  }
}
