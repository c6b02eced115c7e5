/** How hard a task is, what could go wrong, which parts of a system it touches, and how long it may take. */
import { type TaskType } from './task-types.ts';
import { type ReadableText, wordsFound } from './task-text.ts';

const DOMAINS: readonly (readonly [string, RegExp])[] = [
  [
    'frontend',
    /\b(?:front-?end|ui|css|html|react|vue|svelte|angular|browser|page|button|screen|form|dark mode|components?)\b/g,
  ],
  [
    'backend',
    /\b(?:back-?end|server|service|endpoint|handler|controller|daemon|worker|queue|microservice)s?\b/g,
  ],
  ['api', /\b(?:api|rest|graphql|grpc|openapi|webhook|sdk|client library)s?\b/g],
  [
    'database',
    /\b(?:database|postgres(?:ql)?|mysql|sqlite|mongo(?:db)?|redis|sql|schema|query|queries|index|orm)\b/g,
  ],
  [
    'infrastructure',
    /\b(?:docker|kubernetes|k8s|helm|terraform|ci|deploy\w*|pipeline|cluster|swarm|github actions|cloud|aws|azure|gcp)\b/g,
  ],
  ['security', /\b(?:security|auth\w*|oauth|token|password|permission|encrypt\w*|xss|csrf|vulnerab\w*)s?\b/g],
  ['testing', /\b(?:tests?|testing|coverage|flaky|e2e|unit tests?|integration tests?|regression)\b/g],
  ['documentation', /\b(?:docs?|documentation|readme|tutorial|guide|changelog)\b/g],
  ['mobile', /\b(?:android|ios|mobile|rotat\w+|swift|kotlin|react native|flutter)\b/g],
  [
    'data',
    /\b(?:data ?set|dataframe|csv|etl|analytics|machine learning|ml|model training|statistics|groupby)s?\b/g,
  ],
  ['messaging', /\b(?:nats|kafka|rabbitmq|mqtt|event bus|pub\/?sub|streams?|notifications?|slack)\b/g],
  ['cli', /\b(?:cli|command[- ]line|terminal|shell|--[a-z][\w-]+)\b/g],
];
const DOMAINS_MAX = 6;

export function domainsOf({ title, body, labels }: ReadableText): string[] {
  const text = [title, ...labels, body].join('\n');
  return DOMAINS.map(([domain, words]) => ({ domain, found: wordsFound(text, words, 10).length }))
    .filter(({ found }) => found > 0)
    .toSorted((a, b) => b.found - a.found)
    .slice(0, DOMAINS_MAX)
    .map(({ domain }) => domain);
}

const BASE_COMPLEXITY: Readonly<Record<TaskType, number>> = {
  feature_development: 0.25,
  bug_fix: 0.15,
  refactoring: 0.25,
  security: 0.3,
  integration: 0.3,
  migration: 0.35,
  research: 0.25,
  optimization: 0.3,
  maintenance: 0.1,
};
const HARD_WORDS =
  /\b(?:architecture|distributed|concurren\w*|race condition|deadlock|consensus|replicat\w*|real-?time|backwards?[- ]compatib\w*|breaking change|multi-?tenant|end[- ]to[- ]end|framework|from scratch|across (?:all|every|several)|protocol|state machine|scal(?:e|ability|ing)|zero[- ]downtime|cluster|transaction\w*)\b/g;
const EASY_WORDS = /\b(?:typo|trivial|minor|simple|one[- ]liner|good first issue|small|rename)\b/g;
const LIST_ITEM = /^\s*(?:[-*+]|\d+[.)])\s+/gm;

const WORD_WEIGHT = 0.08;
const HARD_WORDS_MAX = 4;
const DOMAIN_WEIGHT = 0.04;
const LIST_ITEM_WEIGHT = 0.012;
const LIST_ITEMS_MAX = 15;
const EASY_DISCOUNT = 0.1;
/** A body of this length counts in full; much longer ones are usually logs. */
const LONG_BODY_CHARACTERS = 3_000;
const LENGTH_WEIGHT = 0.12;

/** 0 (a typo) to 1 (a distributed system), to two decimals. */
export function complexityOf(text: ReadableText, type: TaskType, domains: readonly string[]): number {
  const all = [text.title, ...text.labels, text.body].join('\n');
  const hard = wordsFound(all, HARD_WORDS, HARD_WORDS_MAX).length;
  const easy = wordsFound(all, EASY_WORDS, 1).length;
  const items = Math.min(LIST_ITEMS_MAX, text.body.match(LIST_ITEM)?.length ?? 0);
  const length = Math.min(1, text.body.length / LONG_BODY_CHARACTERS);
  const sum =
    BASE_COMPLEXITY[type] +
    hard * WORD_WEIGHT +
    domains.length * DOMAIN_WEIGHT +
    items * LIST_ITEM_WEIGHT +
    length * LENGTH_WEIGHT -
    easy * EASY_DISCOUNT;
  return round2(Math.min(1, Math.max(0, sum)));
}

export type RiskLevel = 'low' | 'medium' | 'high' | 'critical';

const RISKS: readonly (readonly [number, string, RegExp])[] = [
  [
    3,
    'data may be lost or damaged',
    /\b(?:data loss|corrupt\w*|irreversible|delet\w+ (?:all|production|customer|user) \w+)\b/g,
  ],
  [
    3,
    'an attack is possible',
    /\b(?:remote code execution|rce|injection|privilege escalation|auth(?:entication)? bypass|exploit\w*|cve-\d+\S*)\b/g,
  ],
  [
    2,
    'security is concerned',
    /\b(?:security|vulnerab\w*|xss|csrf|passwords?|credentials?|secrets?|leak\w*|encrypt\w*|auth(?:entication|orization)|brute[- ]?force)\b/g,
  ],
  [2, 'it touches money', /\b(?:payments?|billing|invoices?|stripe|checkout|refunds?)\b/g],
  [2, 'personal data is concerned', /\b(?:pii|gdpr|hipaa|personal data|sensitive data)\b/g],
  [2, 'production is concerned', /\b(?:production|outage|downtime|customers? (?:are|cannot)|incident)\b/g],
  [
    2,
    'others depend on what changes',
    /\b(?:breaking change|backwards?[- ]compatib\w*|public api|deprecat\w*)\b/g,
  ],
  [2, 'data is moved', /\b(?:migrat(?:e|ing|ions?)|schema change|backfill\w*|cut-?over)\b/g],
  [
    1,
    'it is about things at the same time',
    /\b(?:race condition|concurren\w*|deadlock\w*|distributed|transaction\w*)\b/g,
  ],
  [1, 'it crashes', /\b(?:crash\w*|panics?|segfault\w*|null pointer|nil pointer)\b/g],
];
const RISK_WORDS_MAX = 3;

export function riskOf(text: ReadableText, type: TaskType): { level: RiskLevel; reasons: string[] } {
  const all = [text.title, ...text.labels, text.body].join('\n');
  const found = RISKS.flatMap(([points, reason, words]) => {
    const said = wordsFound(all, words, RISK_WORDS_MAX);
    if (said.length === 0) return [];
    return [{ points, reason: `${reason}: ${said.map((word) => `"${word}"`).join(', ')}` }];
  });
  const own = type === 'security' ? 1 : 0;
  const points = found.reduce((sum, one) => sum + one.points, own);
  return { level: levelOf(points), reasons: found.map(({ reason }) => reason) };
}

function levelOf(points: number): RiskLevel {
  if (points >= 7) return 'critical';
  if (points >= 4) return 'high';
  return points >= 2 ? 'medium' : 'low';
}

const HOURS_LEAST = 2;
const HOURS_MOST = 80;

/** Hours of work, to whole hours; grows faster than the complexity does. */
export function effortHours(complexity: number): number {
  return Math.round(HOURS_LEAST + (HOURS_MOST - HOURS_LEAST) * complexity ** 1.5);
}

export function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
