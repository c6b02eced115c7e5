import { type Brief } from '../brief.ts';
import { bullets, type Draft, revisionNote, type Workplace } from './draft.ts';

interface Layout {
  readonly sources: string;
  readonly tests: string;
  readonly files: readonly string[];
}

const LAYOUTS: readonly (readonly [readonly string[], Layout])[] = [
  [['python', 'django', 'flask'], { sources: 'src', tests: 'tests', files: ['pyproject.toml'] }],
  [['golang'], { sources: 'internal', tests: 'internal', files: ['go.mod'] }],
  [['rust'], { sources: 'src', tests: 'tests', files: ['Cargo.toml'] }],
  [['java'], { sources: 'src/main/java', tests: 'src/test/java', files: ['pom.xml'] }],
];
const DEFAULT_LAYOUT: Layout = { sources: 'src', tests: 'test', files: ['package.json', 'tsconfig.json'] };

const PARTS: readonly (readonly [readonly string[], string])[] = [
  [['postgres', 'postgresql', 'mysql', 'sqlite', 'mongodb'], 'store'],
  [['rest', 'express', 'fastify', 'graphql', 'grpc', 'django', 'flask'], 'api'],
  [['react', 'vue', 'svelte'], 'page'],
  [['nats', 'kafka', 'rabbitmq', 'websocket', 'redis'], 'messages'],
  [['oauth', 'jwt'], 'auth'],
  [['cli'], 'cli'],
];

/** Where everything will lie and in which order it comes: the lead engineer's second part. */
export function scaffoldPlan(brief: Brief, place: Workplace): Draft {
  const content = `# Scaffold plan: ${brief.title}

## Structure

\`\`\`text
${tree(brief).join('\n')}
\`\`\`

## Steps

${steps(brief)
  .map((step, at) => `${at + 1}. ${step}`)
  .join('\n')}

## Not now

${bullets(brief.outOfScope, 'The brief leaves nothing out explicitly.')}
${revisionNote(place)}`;
  return { kind: 'scaffold_plan', mediaType: 'text/markdown', path: 'docs/scaffold-plan.md', content };
}

function names(brief: Brief, any: readonly string[]): boolean {
  return any.some((name) => brief.technologies.includes(name));
}

function partsOf(brief: Brief): string[] {
  return ['domain', ...PARTS.filter(([any]) => names(brief, any)).map(([, part]) => part)];
}

function tree(brief: Brief): string[] {
  const layout = LAYOUTS.find(([any]) => names(brief, any))?.[1] ?? DEFAULT_LAYOUT;
  const containers = names(brief, ['docker', 'kubernetes', 'swarm']) ? ['Dockerfile', 'deploy/'] : [];
  return [
    'README.md',
    ...layout.files,
    ...containers,
    'docs/decisions/',
    `${layout.sources}/`,
    ...partsOf(brief).map((part) => `${layout.sources}/${part}/`),
    `${layout.tests}/gates/`,
  ];
}

function steps(brief: Brief): string[] {
  const parts = partsOf(brief);
  return [
    'Lay out the repository as above, with a check that runs on every change.',
    'Put the gate tests in; they fail until their feature is there.',
    ...brief.scope.map(
      (item, at) => `Build ${item.replace(/[.;]$/, '')} (in \`${parts[at % parts.length]}\`).`,
    ),
    'Walk through every acceptance criterion with the people who asked for it.',
  ];
}
