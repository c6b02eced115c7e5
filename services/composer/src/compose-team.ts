import { type Bus } from '@whoosh/bus';
import { type agents, type tasks } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Clock, truncateUtf8 } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type Kysely } from 'kysely';
import { candidatesFrom, onlineAgents } from './agents.ts';
import { type ComposerSettings } from './config.ts';
import { type Strategy } from './domain/analysis.ts';
import { decide, missingOf } from './domain/decide.ts';
import { type Decision, requirementsFor } from './domain/match.ts';
import { type Team } from './domain/team.ts';
import { type Composed } from './domain/team-input.ts';
import { type TeamLives, type Turn } from './lives.ts';
import { type ComposerMetrics } from './metrics.ts';
import { recordsOf } from './store/records.ts';
import { isoTime } from './view.ts';

const NAME_BYTES_MAX = 200;

export interface TeamComposerDependencies {
  readonly bus: Bus;
  readonly lives: TeamLives;
  readonly settings: ComposerSettings;
  readonly metrics: ComposerMetrics;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
}

interface Wish {
  readonly by: string;
  readonly strategy?: Strategy | undefined;
  readonly causationId?: string | undefined;
}

/** From a task to a team: asks who is there, decides, and stores the decision with the team. */
export class TeamComposer {
  readonly #deps: TeamComposerDependencies;

  constructor(deps: TeamComposerDependencies) {
    this.#deps = deps;
  }

  async agents(causationId?: string): Promise<agents.AgentView[]> {
    return await onlineAgents(this.#deps.bus, causationId);
  }

  /** Undefined when the task has a team for this attempt already. */
  async compose(turn: Turn, task: tasks.TaskWithBody, online: readonly agents.AgentView[], wish: Wish) {
    const { clock, newId } = this.#deps;
    const at = clock.now();
    const id = newId();
    const decision = await this.decide(turn.trx, { id, task, online, at, strategy: wish.strategy });
    const input = {
      kind: 'compose',
      at,
      by: wish.by,
      id,
      taskId: task.id,
      attempt: task.attempt,
      name: nameOf(task),
      projectName: task.repository,
      ...this.#composed(decision),
    } as const;
    const team = await turn.compose(input, decision, { causationId: wish.causationId });
    if (team) this.#tell(team, decision);
    return team;
  }

  /** Looks again at a team that waits. The team may have come to something else in between. */
  async recompose(
    teamId: string,
    task: tasks.TaskWithBody,
    online: readonly agents.AgentView[],
  ): Promise<Team> {
    const { lives, clock } = this.#deps;
    return await lives.change(async (turn) => {
      const team = await turn.lock(teamId);
      if (team.status !== 'waiting') return team;
      const at = clock.now();
      const { strategy } = team;
      const decision = await this.decide(turn.trx, { id: teamId, task, online, at, strategy });
      const input = { kind: 'recompose', at, by: 'composer', ...this.#composed(decision) } as const;
      const now = await turn.recompose(team, input, decision);
      if (now !== team) this.#tell(now, decision);
      return now;
    });
  }

  async decide(
    db: Kysely<DB>,
    {
      id,
      task,
      online,
      at,
      strategy,
    }: {
      id: string;
      task: Pick<tasks.TaskWithBody, 'id' | 'title' | 'body' | 'labels'>;
      online: readonly agents.AgentView[];
      at: number;
      strategy?: Strategy | undefined;
    },
  ): Promise<Decision> {
    const { settings, metrics } = this.#deps;
    const names = online.map((agent) => agent.agent_id);
    const candidates = candidatesFrom(online, await recordsOf(db, names, id));
    const startedAt = performance.now();
    const text = { title: task.title, body: task.body, labels: task.labels };
    const decision = decide(
      { teamId: id, taskId: task.id, text, agents: candidates, decidedAt: isoTime(at), strategy },
      settings.decision,
    );
    if (settings.isTimeMeasured) metrics.decisionSeconds.observe((performance.now() - startedAt) / 1_000);
    return decision;
  }

  #composed(decision: Decision): Composed {
    const { analysis, team } = decision;
    return {
      strategy: team.strategy,
      confidence: team.confidence,
      classification: analysis.classification,
      missing: missingOf(decision),
      seats: team.members.map((member) => ({
        id: this.#deps.newId(),
        role: member.role,
        requiredSkills: requirementsFor(member.role, analysis).map(({ skill }) => skill),
        agentId: member.agent_id,
        score: member.score,
        reasons: member.reasons,
      })),
    };
  }

  #tell(team: Team, { analysis, team: { members } }: Decision): void {
    const { log, settings } = this.#deps;
    if (!settings.isAnalysisLogged) return;
    const { task_type: taskType, complexity, risk_level: risk } = analysis.classification;
    log.info(
      {
        team: team.id,
        task: team.taskId,
        status: team.status,
        task_type: taskType,
        complexity,
        risk,
        strategy: team.strategy,
        skills: analysis.skills.map(({ skill }) => skill),
        members: members.map((member) => `${member.role}:${member.agent_id ?? '-'}`),
        confidence: team.confidence,
      },
      'team decided',
    );
  }
}

function nameOf({ repository, source_type: source, number, title }: tasks.TaskView): string {
  const place = `${repository ?? source}${number === null ? '' : `#${number}`}`;
  return truncateUtf8(`${place}: ${title}`, NAME_BYTES_MAX).text;
}
