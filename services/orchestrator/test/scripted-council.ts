/** Answers for a council the way the agents see it: seats are claimed, artifacts stored, phases go on when all is there. */
import { type Bus } from '@whoosh/bus';
import { type CallContext } from '@whoosh/bus';
import { CallError, councils } from '@whoosh/contracts';
import { newId } from '@whoosh/lifecycle';
import { sha256Hex } from '@whoosh/stdx';
import { formingCouncil, type World } from './world.ts';

type Artifact = councils.ArtifactView & { content: string; votes: Map<string, 'yes' | 'no'> };

export class ScriptedCouncil {
  readonly artifacts: Artifact[] = [];
  /** Who was told that a seat is not free yet, how often. */
  readonly turnedAway: string[] = [];
  readonly #world: World;
  readonly #refusals: number;
  #view: councils.CouncilView;

  /** @param refusals how often each seat answers `unavailable` before it may be claimed */
  constructor(world: World, { refusals = 0, roles }: { refusals?: number; roles?: readonly string[] } = {}) {
    this.#world = world;
    this.#refusals = refusals;
    this.#view = formingCouncil(world.task.id, roles);
  }

  get view(): councils.CouncilView {
    return { ...this.#view, artifacts: this.artifacts.map(({ content: _c, votes: _v, ...rest }) => rest) };
  }

  async open(bus: Bus): Promise<void> {
    bus.serve(councils.getCouncil, () => Promise.resolve(this.view));
    bus.serve(councils.claimRole, (request, context) => this.#claim(request.role, request.agent_id, context));
    bus.serve(councils.addArtifact, (request, context) => this.#add(request, context));
    bus.serve(councils.getArtifact, ({ artifact_id }) => {
      const found = this.artifacts.find(({ id }) => id === artifact_id);
      if (found === undefined) throw new CallError('not_found', 'no such artifact');
      const { votes: _votes, ...artifact } = found;
      return Promise.resolve(artifact);
    });
    bus.serve(councils.castVote, ({ artifact_id, vote }, context) => this.#vote(artifact_id, vote, context));
    await bus.flush();
    await this.#world.say(councils.councilForming, this.view);
  }

  async cancel(): Promise<void> {
    this.#change({ status: 'cancelled', reason: 'the issue was closed' });
    await this.#world.say(councils.councilCancelled, this.view);
  }

  #claim(role: string, agentId: string, { principal }: CallContext): Promise<councils.CouncilView> {
    if (principal?.kind !== 'agent' || principal.id !== agentId) {
      throw new CallError('permission_denied', 'an agent claims only for itself');
    }
    const seat = this.#view.core_agents.find((one) => one.role === role);
    if (seat === undefined) throw new CallError('not_found', 'no such seat');
    if (this.turnedAway.filter((one) => one === role).length < this.#refusals) {
      this.turnedAway.push(role);
      throw new CallError('unavailable', 'the deployment of this seat is not known yet');
    }
    if (seat.agent_id !== null && seat.agent_id !== agentId) {
      throw new CallError('taken', 'the seat is taken', { details: { agent_id: seat.agent_id } });
    }
    const core_agents = this.#view.core_agents.map((one) =>
      one.role === role ? { ...one, status: 'claimed' as const, agent_id: agentId } : one,
    );
    this.#change({ core_agents });
    if (core_agents.every(({ status }) => status === 'claimed') && this.#view.status === 'forming') {
      this.#change({
        status: 'active',
        round: { number: 1, phase: 'propose', opened_at_beat: 0, phase_opened_at_beat: 0 },
      });
    }
    return Promise.resolve(this.view);
  }

  #add(
    request: {
      kind: councils.ArtifactView['kind'];
      media_type: string;
      content: string;
      path?: string | undefined;
    },
    { principal }: CallContext,
  ): Promise<councils.ArtifactView> {
    const seat = this.#seatOf(principal?.id);
    const artifact: Artifact = {
      id: newId(),
      council_id: this.#view.id,
      kind: request.kind,
      version: 1,
      media_type: request.media_type,
      sha256: sha256Hex(request.content),
      bytes: Buffer.byteLength(request.content),
      path: request.path ?? request.kind,
      ucxl_address: `ucxl://${seat.agent_id}:${seat.role}@acme:1/*^/${request.kind}`,
      author_agent_id: seat.agent_id ?? '',
      author_role: seat.role,
      ratified: false,
      votes_yes: 0,
      votes_no: 0,
      created_at: new Date().toISOString(),
      content: request.content,
      votes: new Map(),
    };
    this.artifacts.push(artifact);
    if (new Set(this.artifacts.map(({ kind }) => kind)).size === councils.ARTIFACT_KINDS.length) {
      this.#change({ round: { number: 1, phase: 'vote', opened_at_beat: 0, phase_opened_at_beat: 4 } });
    }
    const { content: _content, votes: _votes, ...stored } = artifact;
    return Promise.resolve(stored);
  }

  async #vote(id: string, vote: 'yes' | 'no', { principal }: CallContext): Promise<councils.ArtifactView> {
    const { role } = this.#seatOf(principal?.id);
    const artifact = this.artifacts.find((one) => one.id === id);
    if (artifact === undefined) throw new CallError('not_found', 'no such artifact');
    if (artifact.votes.has(role)) throw new CallError('taken', 'this seat has voted');
    artifact.votes.set(role, vote);
    const seats = this.#view.core_agents.length;
    if (this.artifacts.every(({ votes }) => votes.size === seats)) {
      this.#change({ status: 'completed' });
      await this.#world.say(councils.councilCompleted, this.view);
    }
    const { content: _content, votes: _votes, ...stored } = artifact;
    return stored;
  }

  #seatOf(agentId: string | undefined): councils.CouncilSeat {
    const seat = this.#view.core_agents.find((one) => one.agent_id === agentId);
    if (seat === undefined) throw new CallError('permission_denied', 'no seat');
    return seat;
  }

  #change(changed: Partial<councils.CouncilView>): void {
    this.#view = { ...this.#view, ...changed, revision: this.#view.revision + 1 };
  }
}
