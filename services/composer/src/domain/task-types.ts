/** The words by which each type of task is known. Weights were set by reading labelled issues; see the README for what they reach. */
import { type teams } from '@whoosh/contracts';

export type TaskType = (typeof teams.TASK_TYPES)[number];

export interface TypeWords {
  readonly type: TaskType;
  /** How much a label of this kind says; a label is somebody's considered word. */
  readonly labelWeight: number;
  readonly label: RegExp;
  readonly title: RegExp;
  readonly body: RegExp;
  /** Prefixes in the manner of conventional commits. */
  readonly prefix: RegExp;
}

export const TITLE_WEIGHT = 3;
export const TITLE_REPEAT_WEIGHT = 1;
export const PREFIX_WEIGHT = 5;
export const BODY_WEIGHT = 0.6;
/** However often a body repeats its words, it says no more than this. */
export const BODY_WORDS_MAX = 3;

/** In the order in which they win when nothing else decides. */
export const TYPE_WORDS: readonly TypeWords[] = [
  {
    type: 'security',
    labelWeight: 6,
    label: /secur|vulnerab|\bcve\b|\bxss\b/,
    title:
      /\b(?:securit\w*|vulnerabilit\w*|xss|csrf|ssrf|cve-\d+\S*|(?:sql|command|code) injection|exploit\w*|brute[- ]?force|encrypt\w*|sensitive data|exposure|privilege escalation|sanitiz\w*|content security policy|hardening|(?:leaked|bot|access|api) tokens?|credentials?|secrets?|rotat(?:e|ing) (?:the )?(?:keys?|passwords?|certificates?))\b/g,
    body: /\b(?:vulnerabilit\w*|xss|csrf|cve-\d+\S*|injection|exploit\w*|brute[- ]?force|attacker\w*|leak(?:ed)? of|leaked (?:token|secret|key)\w*|security advisory|csp|exposed in the logs|lockouts?)\b/g,
    prefix: /^(?:security|sec)(?:\(\S+\))?!?:/,
  },
  {
    type: 'bug_fix',
    labelWeight: 5,
    label: /\bbug\b|\bdefect|\bregression|\bcrash|kind\/bug|type[:/ ]*bug|\bbugfix|\bflake/,
    title:
      /\b(?:bugs?|crash\w*|fix(?:e[sd]|ing)?|fail(?:s|ed|ing|ures?)?|errors?|exceptions?|broken|breaks|panics?|nil pointer|null pointer\w*|segfault\w*|deadlock\w*|hangs?|freez\w*|incorrect\w*|wrong\w*|doesn'?t|does not|do not|don'?t|isn'?t|not working|cannot|can'?t|unable|unexpected\w*|missing|lost|404|500|race condition)\b/g,
    body: /\b(?:to reproduce|steps to reproduce|describe the bug|expected behaviou?r|actual behaviou?r|stack ?trace|traceback|crash\w*|panic|null pointer|nil pointer|no longer works|exception|not working)\b/g,
    prefix: /^(?:fix|bugfix|hotfix)(?:\(\S+\))?!?:|^\[?bug\]?\b/,
  },
  {
    type: 'optimization',
    labelWeight: 5,
    label: /\bperf\b|performance|\boptimi[sz]|\bspeed\b|\blatency/,
    title:
      /\b(?:perf|performance|slow\w*|speed(?:[- ]?up)?|faster|optimi[sz]\w*|latency|throughput|memory (?:usage|consumption|footprint)|n\+1|cach(?:e|ing)|bottleneck\w*|inefficien\w*|expensive|benchmark\w*)\b/g,
    body: /\b(?:slow\w*|takes (?:a )?(?:very )?long|performance|latency|n\+1|bottleneck\w*|profil(?:e|er|ing)|cpu time|speed(?:s|ing)? up|seconds to load)\b/g,
    prefix: /^perf(?:\(\S+\))?!?:/,
  },
  {
    type: 'integration',
    labelWeight: 5,
    label: /integrat|\bconnectors?\b|\bwebhooks?\b|interop/,
    title:
      /\b(?:integrat\w*|connectors?|webhooks?|third[- ]party|single sign-on|sync(?:hroni[sz]e)? (?:with|to)|connect to|(?:plugin|adapter|bridge) for)\b/g,
    body: /\b(?:integrat\w*|connectors?|webhooks?|third[- ]party)\b/g,
    prefix: /^(?:integration|connect)(?:\(\S+\))?!?:/,
  },
  {
    type: 'refactoring',
    labelWeight: 5,
    label: /refactor|\btech(?:nical)?[- ]?debt|\bdebt\b|code[- ]?quality|restructur/,
    title:
      /\b(?:refactor\w*|restructur\w*|reorgani[sz]\w*|rewrit\w*|simplify\w*|decoupl\w*|duplicat\w*|copy[/ -]?paste\w*|tech(?:nical)?[- ]debt|extract|split up|modulari[sz]\w*|legacy|clean(?:ing)?[- ]?up (?:the )?(?:code|service|class|module)\w*|rename)\b/g,
    body: /\b(?:refactor\w*|duplicat\w*|technical debt|convoluted|rewritten|simplif\w*|reusable|harder to work with|cruft)\b/g,
    prefix: /^refactor(?:\(\S+\))?!?:/,
  },
  {
    type: 'migration',
    labelWeight: 5,
    label: /\bmigrations?\b|\bporting\b/,
    title:
      /\b(?:migrat(?:e|es|ing|ions?)|port(?:ing)? (?:\S+ ){0,3}to|mov(?:e|ing) (?:\S+ ){0,4}(?:to|from)|convert(?:ing)? (?:\S+ ){0,3}to|switch (?:over )?(?:from|to))\b/g,
    body: /\b(?:migrat(?:e|es|ed|ing|ions?)|cut-?over|backfill\w*|moved over|old (?:repo|site|system)|data transfer)\b/g,
    prefix: /^migrat(?:e|ion)(?:\(\S+\))?!?:/,
  },
  {
    type: 'research',
    labelWeight: 5,
    label: /research|\bspike\b|investigat|\bdiscovery\b|\bexploration\b|feasibility|\brfc\b|\bpoc\b/,
    title:
      /\b(?:research\w*|spike|investigat\w*|explor(?:e|ation|ing)|evaluat\w*|feasibility|discovery|proof of concept|poc|prototype|compar(?:e|ison)|survey|study|paper|assess\w*|analy[sz]e|options for|possible \w+ for|rfc)\b/g,
    body: /\b(?:research\w*|investigat\w*|explor(?:e|ing)|evaluat\w*|feasibility|findings|research plan|interviews?|pros and cons|literature|paper)\b/g,
    prefix: /^(?:spike|research|rfc)(?:\(\S+\))?!?:/,
  },
  {
    type: 'maintenance',
    labelWeight: 5,
    label:
      /mainten|\bchore\b|clean[- ]?up|dependenc|\bci\b|\bcd\b|housekeeping|\bbuild\b|\binfra\w*|\btooling\b|deprecat/,
    title:
      /\b(?:updat\w*|upgrad\w*|bump\w*|dependenc\w*|dependabot|renovate|deprecat\w*|clean(?:ing)?[- ]?up|unused|outdated|chore|housekeeping|typos?|lint\w*|ci|github actions|travis|changelog|readme|licen[cs]es?|remove|pin|configure)\b/g,
    body: /\b(?:dependabot|renovate|dependenc\w*|deprecated|unused|outdated|github actions|travis|changelog|end of life|eol)\b/g,
    prefix: /^(?:chore|ci|build|docs|style|test)(?:\(\S+\))?!?:/,
  },
  {
    type: 'feature_development',
    labelWeight: 3,
    label: /enhancement|\bfeat(?:ure)?\b|feature[- ]request|type\/feature|\bnew\b|user story|\bstory\b/,
    title:
      /\b(?:add\w*|support\w*|implement\w*|creat\w*|introduc\w*|allow\w*|enabl\w*|provid\w*|new|features?|build|option(?:al)? to|ability to|exports?|imports?|flags?|mode|design|define|as an? \w+)\b/g,
    body: /\b(?:feature request|describe the solution|user story|as an? \w+,? i (?:want|need)|acceptance criteria|it would be (?:nice|great)|add support|ability to|would like)\b/g,
    prefix: /^(?:feat|feature)(?:\(\S+\))?!?:|^\[\S*\s*feature\]/,
  },
];
