/** Which skills a task asks for, and which an agent has: one vocabulary for both, so that the two meet. */
import { type TaskAnalysis } from './analysis.ts';
import { type TaskType } from './task-types.ts';
import { type ReadableText, wordsFound } from './task-text.ts';

export type SkillRequirement = TaskAnalysis['skills'][number];

interface Skill {
  readonly skill: string;
  readonly words: RegExp;
}

const SKILLS: readonly Skill[] = [
  { skill: 'typescript', words: /\b(?:typescript|tsc|\.tsx?)\b/g },
  { skill: 'javascript', words: /\b(?:javascript|ecmascript|npm|jquery)\b/g },
  { skill: 'node', words: /\b(?:node(?:\.?js)?|express(?:\.?js)?|fastify|nestjs)\b/g },
  { skill: 'react', words: /\b(?:react|jsx|next\.?js|preact)\b/g },
  {
    skill: 'frontend',
    words:
      /\b(?:front-?ends?|css|html|vue|svelte|angular|browsers?|user interface|ui|web ?pages?|dark mode)\b/g,
  },
  { skill: 'backend', words: /\b(?:back-?ends?|endpoints?|server[- ]side|microservices?|handlers?)\b/g },
  { skill: 'api', words: /\b(?:rest|graphql|grpc|openapi|swagger|webhooks?|apis?)\b/g },
  { skill: 'python', words: /\b(?:python|pandas|numpy|django|flask|fastapi|pytest|dataframes?)\b/g },
  { skill: 'go', words: /\b(?:golang|goroutines?|go (?:module|service|code|version|program)s?)\b/g },
  { skill: 'rust', words: /\b(?:rust|cargo|tokio)\b/g },
  { skill: 'java', words: /\b(?:java|spring boot|maven|gradle|jvm)\b/g },
  { skill: 'php', words: /\b(?:php|laravel|wordpress|drupal|symfony)\b/g },
  { skill: 'ruby', words: /\b(?:ruby|rails)\b/g },
  { skill: 'postgres', words: /\b(?:postgres(?:ql)?|psql|pgvector)\b/g },
  {
    skill: 'database',
    words: /\b(?:databases?|mysql|sqlite|mongo(?:db)?|sql|schema|quer(?:y|ies)|orm|n\+1)\b/g,
  },
  { skill: 'redis', words: /\bredis\b/g },
  { skill: 'nats', words: /\b(?:nats|jetstream|kafka|rabbitmq|mqtt|message (?:bus|broker|queue)s?)\b/g },
  { skill: 'docker', words: /\b(?:docker(?:file)?|containers?|compose file|docker swarm)\b/g },
  { skill: 'kubernetes', words: /\b(?:kubernetes|k8s|helm|kubectl)\b/g },
  {
    skill: 'devops',
    words:
      /\b(?:devops|ci\/cd|ci|github actions|pipelines?|deploy(?:s|ed|ment|ments)?|terraform|ansible|travis|infrastructure|monitoring|observability)\b/g,
  },
  {
    skill: 'security',
    words:
      /\b(?:security|vulnerab\w*|xss|csrf|injection|cve-\d+\S*|auth(?:entication|orization)?|oauth2?|oidc|jwt|encrypt\w*|passwords?|brute[- ]?force|secrets?)\b/g,
  },
  { skill: 'testing', words: /\b(?:tests?|testing|test coverage|flaky|e2e|unit tests?|qa)\b/g },
  { skill: 'docs', words: /\b(?:docs?|documentation|readme|tutorials?|user guide|changelog)\b/g },
  {
    skill: 'performance',
    words:
      /\b(?:performance|slow\w*|latency|throughput|profil(?:e|ing)|optimi[sz]\w*|benchmarks?|memory usage)\b/g,
  },
  {
    skill: 'mobile',
    words:
      /\b(?:android|ios|mobile apps?|kotlin|swift(?:ui)?|flutter|react native|rotat(?:e|es|ed|ing|ion))\b/g,
  },
  {
    skill: 'data',
    words: /\b(?:data ?sets?|etl|analytics|csv|data (?:pipeline|migration|model)s?|groupby)\b/g,
  },
  {
    skill: 'machine-learning',
    words: /\b(?:machine learning|neural|llms?|embeddings?|model training|transcription|ocr)\b/g,
  },
  { skill: 'ux', words: /\b(?:ux|usability|accessib\w*|wireframes?|mock-?ups?)\b/g },
  { skill: 'cli', words: /\b(?:cli|command[- ]line|terminal)\b/g },
];

/** Skills that a type of task asks for though its text does not name them. */
const BY_TYPE: Partial<Readonly<Record<TaskType, readonly [skill: string, critical: boolean]>>> = {
  security: ['security', true],
  optimization: ['performance', false],
};

const SKILLS_MAX = 10;
const WORDS_SHOWN_MAX = 3;
/** So often said in the body, a skill is no side remark. */
const CRITICAL_WORDS_MIN = 3;
const EXPERT_COMPLEXITY_MIN = 0.7;

/** In the order of their weight: critical ones first, then by name. */
export function skillsOf(
  text: ReadableText,
  { type, complexity }: { type: TaskType; complexity: number },
): SkillRequirement[] {
  const found = SKILLS.flatMap((skill) => requirementOf(skill, text, complexity) ?? []);
  const byType = BY_TYPE[type];
  const all =
    byType === undefined ||
    found.some(({ skill, critical }) => skill === byType[0] && (critical || !byType[1]))
      ? found
      : [
          ...found.filter(({ skill }) => skill !== byType[0]),
          requirement(byType[0], { critical: byType[1], complexity, foundIn: `type: ${type}` }),
        ];
  return all
    .toSorted((a, b) => Number(b.critical) - Number(a.critical) || (a.skill < b.skill ? -1 : 1))
    .slice(0, SKILLS_MAX);
}

function requirementOf({ skill, words }: Skill, text: ReadableText, complexity: number) {
  const inTitle = wordsFound(text.title, words, WORDS_SHOWN_MAX);
  const inLabels = text.labels.flatMap((label) => wordsFound(label, words, 1));
  const inBody = wordsFound(text.body, words, WORDS_SHOWN_MAX);
  const places = [
    ...inTitle.map((word) => `title: "${word}"`),
    ...inLabels.map((word) => `label: "${word}"`),
    ...inBody.map((word) => `body: "${word}"`),
  ];
  if (places.length === 0) return undefined;
  const critical = inTitle.length > 0 || inLabels.length > 0 || inBody.length >= CRITICAL_WORDS_MIN;
  return requirement(skill, { critical, complexity, foundIn: places.slice(0, WORDS_SHOWN_MAX).join(', ') });
}

function requirement(
  skill: string,
  { critical, complexity, foundIn }: { critical: boolean; complexity: number; foundIn: string },
): SkillRequirement {
  const expert = complexity >= EXPERT_COMPLEXITY_MIN;
  const level = !critical ? 'basic' : expert ? 'expert' : 'solid';
  return { skill, level, critical, found_in: foundIn };
}

/** Other words for the same skill, as agents write them. */
const ALIASES: Readonly<Record<string, string>> = {
  ts: 'typescript',
  js: 'javascript',
  nodejs: 'node',
  'node.js': 'node',
  reactjs: 'react',
  postgresql: 'postgres',
  pg: 'postgres',
  sql: 'database',
  db: 'database',
  k8s: 'kubernetes',
  ci: 'devops',
  'ci-cd': 'devops',
  sre: 'devops',
  infrastructure: 'devops',
  test: 'testing',
  tests: 'testing',
  qa: 'testing',
  documentation: 'docs',
  writing: 'docs',
  sec: 'security',
  infosec: 'security',
  golang: 'go',
  py: 'python',
  ml: 'machine-learning',
  'ux-design': 'ux',
  design: 'ux',
  perf: 'performance',
  rest: 'api',
};

/** Who can do the one can do the other well enough. */
const COVERS: Readonly<Record<string, readonly string[]>> = {
  typescript: ['javascript'],
  node: ['backend', 'api', 'javascript'],
  react: ['frontend', 'javascript'],
  postgres: ['database'],
  kubernetes: ['docker', 'devops'],
  docker: ['devops'],
  devops: ['docker'],
  backend: ['api'],
  'machine-learning': ['data'],
};

/** The skills that a list of capabilities stands for, in our words. */
export function skillsCovered(capabilities: readonly string[]): ReadonlySet<string> {
  const covered = new Set<string>();
  for (const capability of capabilities) {
    const name = capability.trim().toLowerCase();
    const skill = ALIASES[name] ?? name;
    covered.add(skill);
    for (const other of COVERS[skill] ?? []) covered.add(other);
  }
  return covered;
}
