/** Which optional seats a Design Brief needs, read from its words. */
import { type OptionalRole } from './council.ts';

export interface Brief {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

export interface Need {
  readonly role: OptionalRole;
  /** Why the seat is there, with the words that led to it. */
  readonly why: string;
}

/** Texts beyond this are read up to here; what matters is said early. */
export const NEEDS_CHARACTERS_MAX = 64 * 1024;
const WORDS_SHOWN_MAX = 5;

interface Vocabulary {
  readonly role: Need['role'];
  /** Said in these words, the seat itself is asked for. */
  readonly asked: RegExp;
  readonly words: RegExp;
}

const VOCABULARIES: readonly Vocabulary[] = [
  {
    role: 'sec-lead',
    asked: /\b(?:sec(?:urity)?[ -]lead|security (?:engineer|officer|review))\b/gi,
    words:
      /\b(?:secur(?:e|ity|ely)|auth(?:entication|orization|orisation)|oauth2?|oidc|sso|saml|jwt|mfa|2fa|passwords?|passkeys?|credentials?|secrets?|encrypt(?:ed|ion|s)?|tls|mtls|pii|gdpr|hipaa|pci(?:-dss)?|soc ?2|threat model|vulnerabilit(?:y|ies)|penetration tests?|audit (?:log|trail)s?|access control|rbac|permissions?|payments?|personal data)\b/gi,
  },
  {
    role: 'devops-lead',
    asked: /\b(?:devops[ -]lead|(?:devops|sre|site reliability|platform) engineer)\b/gi,
    words:
      /\b(?:devops|deploy(?:s|ed|ment|ments)?|ci\/cd|ci pipelines?|continuous (?:integration|delivery|deployment)|docker(?:file)?|containers?|kubernetes|k8s|helm|swarm|terraform|ansible|infrastructure|observability|monitoring|alerting|autoscal(?:e|ing)|high availability|failover|rollbacks?|zero[ -]downtime|on-premises?|on-prem|aws|azure|gcp|backups?|disaster recovery|slos?|slas?)\b/gi,
  },
  {
    role: 'ux-lead',
    asked: /\b(?:(?:ux|ui\/ux|design)[ -]lead|ux (?:designer|research(?:er)?))\b/gi,
    words:
      /\b(?:ux|ui|user interfaces?|user experience|usability|accessib(?:le|ility)|a11y|wcag|wireframes?|mock-?ups?|prototypes?|onboarding|dashboards?|web (?:app|page|site)s?|websites?|frontends?|front-ends?|mobile apps?|responsive|dark mode|screens?|design system|user journeys?|personas?)\b/gi,
  },
];

/** Said so, it is not needed: "no deployment", "without a user interface". */
const NEGATION = /\b(?:no|not|without|never|non)[\s-]+(?:(?:a|an|any|the|need for)\s+)?$/i;
const NEGATION_CHARACTERS = 24;

export function optionalSeats({ title, body, labels }: Brief): Need[] {
  const text = `${title}\n${body}`.slice(0, NEEDS_CHARACTERS_MAX);
  const asLabels = labels.map((label) => label.toLowerCase());
  return VOCABULARIES.flatMap(({ role, asked, words }): Need[] => {
    const label = asLabels.find((one) => one === role || one === `council:${role}`);
    if (label !== undefined) return [{ role, why: `requested by the label "${label}"` }];
    const request = meant(text, asked)[0];
    if (request !== undefined) return [{ role, why: `requested in the brief: "${request}"` }];
    const found = meant(text, words).slice(0, WORDS_SHOWN_MAX);
    if (found.length === 0) return [];
    return [{ role, why: `the brief speaks of ${found.map((word) => `"${word}"`).join(', ')}` }];
  });
}

/** The different words of a vocabulary that the text uses and does not deny, in their order. */
function meant(text: string, vocabulary: RegExp): string[] {
  const found = [...text.matchAll(vocabulary)].filter(
    (match) => !NEGATION.test(text.slice(Math.max(0, match.index - NEGATION_CHARACTERS), match.index)),
  );
  return [...new Set(found.map(([word]) => word.toLowerCase()))];
}
