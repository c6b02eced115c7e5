/**
 * A Design Brief, read the way a colleague would: what it wants, what it must hold to, what it leaves out. The
 * text comes from an issue and is data: it is cut to bounds, stripped of control characters and never run.
 */
export interface Brief {
  readonly title: string;
  readonly summary: string;
  readonly goals: readonly string[];
  readonly scope: readonly string[];
  readonly constraints: readonly string[];
  readonly acceptance: readonly string[];
  readonly outOfScope: readonly string[];
  readonly questions: readonly string[];
  /** Technologies that the text names, in the order of {@link TECHNOLOGIES}. */
  readonly technologies: readonly string[];
}

export const BRIEF_CHARACTERS_MAX = 256 * 1024;
export const ITEM_CHARACTERS_MAX = 240;
export const ITEMS_MAX = 24;
const TITLE_CHARACTERS_MAX = 200;
const SUMMARY_CHARACTERS_MAX = 1_200;

type Topic = 'goals' | 'scope' | 'constraints' | 'acceptance' | 'outOfScope' | 'questions';

// The first that fits names the section; what is left out comes before what is in, since "out of scope" has both words.
const HEADINGS: readonly (readonly [Topic, RegExp])[] = [
  ['outOfScope', /\b(out[- ]of[- ]scope|non[- ]?goals?|not included|exclud)/i],
  ['acceptance', /\b(accept|criteria|definition of done|success|verification|tests?\b|quality gates?)/i],
  ['constraints', /\b(constraint|non[- ]?functional|limit|security|performance|complian|assumption)/i],
  ['questions', /\b(question|risk|unknown|open point)/i],
  ['goals', /\b(goal|objective|outcome|purpose|vision|why)/i],
  ['scope', /\b(scope|requirement|feature|functional|deliverable|what|user stor|capabilit)/i],
];

export const TECHNOLOGIES = [
  'typescript',
  'javascript',
  'python',
  'golang',
  'rust',
  'java',
  'node',
  'react',
  'vue',
  'svelte',
  'express',
  'fastify',
  'django',
  'flask',
  'graphql',
  'rest',
  'grpc',
  'websocket',
  'nats',
  'kafka',
  'rabbitmq',
  'redis',
  'postgresql',
  'postgres',
  'mysql',
  'sqlite',
  'mongodb',
  'docker',
  'kubernetes',
  'swarm',
  'terraform',
  'prometheus',
  'opentelemetry',
  'oauth',
  'jwt',
  'cli',
] as const;

interface Section {
  readonly topic: Topic | undefined;
  readonly items: string[];
  readonly prose: string[];
}

export function readBrief(title: string, body: string): Brief {
  const text = cleaned(body.slice(0, BRIEF_CHARACTERS_MAX));
  const sections = sectionsOf(text);
  const heading = titleOf(title);
  const prose = sections.flatMap((section) => section.prose);
  const summary = clip((prose[0] ?? heading).trim(), SUMMARY_CHARACTERS_MAX);
  const of = (topic: Topic) => itemsOf(sections.filter((section) => section.topic === topic));
  const loose = sections.filter(({ topic }) => topic === undefined).flatMap(({ items }) => items);
  const goals = firstOf(of('goals'), of('scope'), unique(loose), sentencesOf(summary), [heading]);
  const asked = prose.flatMap(sentencesOf).filter((sentence) => sentence.endsWith('?'));
  return {
    title: heading,
    summary,
    goals,
    scope: firstOf(of('scope'), goals),
    constraints: of('constraints'),
    acceptance: of('acceptance'),
    outOfScope: of('outOfScope'),
    questions: unique([...of('questions'), ...asked]),
    technologies: technologiesOf(`${title}\n${text}`),
  };
}

/** How much there is to do, for the length of the work: a small brief gives a small number. */
export function weightOf(brief: Brief): number {
  return brief.goals.length + brief.scope.length + brief.constraints.length + brief.acceptance.length;
}

// oxlint-disable-next-line no-control-regex -- taking control characters out is the point
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g;

function cleaned(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\t', ' ').replace(CONTROL, '').toWellFormed();
}

function titleOf(title: string): string {
  const bare = cleaned(title)
    .replaceAll('\n', ' ')
    .replace(/^\s*\[?\s*design brief\s*\]?\s*[:–—-]?\s*/i, '')
    .trim();
  return clip(bare === '' ? 'Untitled project' : bare, TITLE_CHARACTERS_MAX);
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [{ topic: undefined, items: [], prose: [] }];
  let paragraph: string[] = [];
  let isCode = false;
  const endParagraph = () => {
    if (paragraph.length > 0) sections.at(-1)?.prose.push(paragraph.join(' '));
    paragraph = [];
  };
  for (const line of text.split('\n')) {
    if (/^\s*(```|~~~)/.test(line)) isCode = !isCode;
    if (isCode || /^\s*(```|~~~)/.test(line)) continue;
    const heading = headingOf(line);
    const item = /^\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s*)?(.+)$/.exec(line)?.[1];
    if (heading !== undefined || item !== undefined || line.trim() === '') endParagraph();
    if (heading !== undefined) sections.push({ topic: topicOf(heading), items: [], prose: [] });
    else if (item !== undefined) sections.at(-1)?.items.push(item);
    else if (line.trim() !== '') paragraph.push(line.trim());
  }
  endParagraph();
  return sections;
}

function headingOf(line: string): string | undefined {
  return /^\s{0,3}#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1] ?? /^\s*\*\*([^*]{2,80})\*\*:?\s*$/.exec(line)?.[1];
}

function topicOf(heading: string): Topic | undefined {
  return HEADINGS.find(([, pattern]) => pattern.test(heading))?.[0];
}

/** The items of these sections; a section in prose gives its sentences. */
function itemsOf(sections: readonly Section[]): string[] {
  return unique(
    sections.flatMap(({ items, prose }) => (items.length > 0 ? items : prose.flatMap(sentencesOf))),
  );
}

function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[.!?])\s+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.length > 2);
}

function unique(items: readonly string[]): string[] {
  const tidy = items.map((item) =>
    clip(
      item
        .replaceAll(/[*_`]{1,3}/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
      ITEM_CHARACTERS_MAX,
    ),
  );
  return [...new Set(tidy)].filter((item) => item !== '').slice(0, ITEMS_MAX);
}

function firstOf(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.find((list) => list.length > 0) ?? [];
}

function technologiesOf(text: string): string[] {
  const words = new Set(text.toLowerCase().match(/[a-z][a-z0-9+#]*/g) ?? []);
  return TECHNOLOGIES.filter((name) => words.has(name));
}

function clip(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1).toWellFormed()}…`;
}
