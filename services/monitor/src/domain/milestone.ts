/**
 * What an event of a council or a team means for the issue: which milestone comment it writes. One comment per task, attempt and
 * milestone; a later event of the same milestone edits it. Text that people wrote is escaped before it stands in Markdown.
 */
import { type councils, type teams } from '@whoosh/contracts';

export type Milestone =
  | 'council_forming'
  | 'council_formed'
  | 'council_finished'
  | 'team_composed'
  | 'team_deployed'
  | 'team_finished';

export interface Comment {
  readonly milestone: Milestone;
  readonly body: string;
}

/** A comment stays readable: longer lists end with how many more there are. */
const LIST_ITEMS_MAX = 12;

export function councilComment(happened: string, council: councils.CouncilView): Comment | undefined {
  switch (happened) {
    case 'forming':
      return {
        milestone: 'council_forming',
        body: `**Council forming** for ${code(council.project_name)}.\n\n${seats(council)}`,
      };
    case 'role_claimed':
      return council.status === 'forming'
        ? {
            milestone: 'council_forming',
            body: `**Council forming** for ${code(council.project_name)}.\n\n${seats(council)}`,
          }
        : { milestone: 'council_formed', body: formed(council) };
    case 'active':
      return { milestone: 'council_formed', body: formed(council) };
    case 'completed':
      return {
        milestone: 'council_finished',
        body: `**Council completed.** Every required artifact is ratified.\n\n${artifacts(council)}`,
      };
    case 'failed':
    case 'cancelled':
      return {
        milestone: 'council_finished',
        body: `**Council ${happened}**: ${escape(council.reason ?? 'no reason given')}\n\n${artifacts(council)}`.trimEnd(),
      };
    default:
      return undefined;
  }
}

export function teamComment(happened: string, team: teams.TeamView): Comment | undefined {
  switch (happened) {
    case 'composed':
    case 'waiting':
      return { milestone: 'team_composed', body: happened === 'composed' ? composed(team) : waiting(team) };
    case 'deployed':
      return {
        milestone: 'team_deployed',
        body: `**Team deployed**: ${team.members.length} of ${team.members.length} agents are healthy.`,
      };
    case 'completed':
    case 'failed':
    case 'cancelled':
      return {
        milestone: 'team_finished',
        body: `**Team ${happened}**: ${escape(team.reason ?? 'no reason given')}`,
      };
    default:
      return undefined;
  }
}

/** The mark by which a comment is found again when a crash fell between posting it and storing its id. */
export function marker(taskId: string, attempt: number, milestone: string): string {
  return `<!-- whoosh:${taskId}:${attempt}:${milestone} -->`;
}

function formed(council: councils.CouncilView): string {
  return `**Council formed** for ${code(council.project_name)}: all core seats are taken.\n\n${seats(council)}`;
}

function seats(council: councils.CouncilView): string {
  const rows = [...council.core_agents, ...council.optional_agents].map(
    (seat) =>
      `| ${escape(seat.name)} | ${seat.required ? 'core' : 'optional'} | ${seat.agent_id === null ? seat.status : code(seat.agent_id)} | ${escape(seat.why)} |`,
  );
  return ['| role | | who | why |', '|---|---|---|---|', ...rows].join('\n');
}

function artifacts(council: councils.CouncilView): string {
  if (council.artifacts.length === 0) return '';
  const rows = council.artifacts.map(
    (artifact) =>
      `| ${artifact.kind.replaceAll('_', ' ')} | ${artifact.version} | ${code(artifact.author_agent_id)} | ${artifact.ratified ? 'ratified' : 'not ratified'} | ${code(artifact.ucxl_address)} |`,
  );
  return ['| artifact | version | author | | address |', '|---|---|---|---|---|', ...rows].join('\n');
}

function composed(team: teams.TeamView): string {
  const rows = team.members.map((member) => {
    const reasons = member.reasons.slice(0, LIST_ITEMS_MAX).map(escape).join('; ');
    return `| ${member.role} | ${member.agent_id === null ? '–' : code(member.agent_id)} | ${member.score?.toFixed(2) ?? '–'} | ${reasons} |`;
  });
  const { task_type: type, complexity, risk_level: risk } = team.classification;
  const facts = [
    type.replaceAll('_', ' '),
    complexity !== null && `complexity ${complexity.toFixed(2)}`,
    risk !== null && `risk ${risk}`,
  ].filter((fact) => fact !== false);
  return [
    `**Team composed** (${team.strategy.replaceAll('_', ' ')}, confidence ${team.confidence.toFixed(2)}): ${facts.join(', ')}.`,
    '',
    '| role | agent | score | why |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function waiting(team: teams.TeamView): string {
  const missing = team.missing
    .slice(0, LIST_ITEMS_MAX)
    .map(
      ({ role, skills, reason }) =>
        `- ${escape(role)}: ${escape(reason)}${skills.length > 0 ? ` (${skills.map(code).join(', ')})` : ''}`,
    );
  return ['**Team waiting**: no suitable agent for every role yet.', '', ...missing].join('\n');
}

/** Keeps text that people wrote from being read as markup or as a mention of somebody. */
function escape(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|#~!]/g, (character) => `\\${character}`)
    .replaceAll('@', '@\u200b');
}

function code(text: string): string {
  return `\`${text.replaceAll(/[`\r\n|]/g, ' ')}\``;
}
